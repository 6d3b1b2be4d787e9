#!/usr/bin/env python3
"""Takes out one mechanism after the other and checks that a test goes red each time.

    scripts/take-out.py [NAME …]
    scripts/take-out.py --model [NAME …]

With `--model` it is the models (`scripts/model.sh`) that must notice. Works on a copy of the tree, so it can be run
beside other work. A few minutes for all of them.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parent.parent
RUNTIME = "cache-memoize/src/"

# name, promise, file, what is there, what is put in its place
MECHANISMS = [
    ("fence", "G1 by invalidate, set, refresh", "flight/table.rs",
     "key.fence = key.fence.max(ticket);", ""),
    ("visibility", "G1 by invalidate_all", "memory/entry.rs",
     "self.generation.is_alive() && !deadline.has_passed()", "!deadline.has_passed()"),
    ("detach", "G2 no joining", "flight/table.rs",
     "key.flight.take_if(|flight| flight.ticket() < ticket)", "{ let _ = &key.flight; None }"),
    ("join-generation", "G2 after invalidate_all", "flight/table.rs",
     "flight.entry.header().generation.is_alive().then_some(flight)", "Some(flight)"),
    ("refresh-order", "G1 of overlapping refreshes the later begun wins", "memory/landing.rs",
     "leftovers.overtaken = key.overtake(flight.ticket());", ""),
    ("own-flight", "G4 an old flight leaves its successor alone", "flight/table.rs",
     "if key.flight.as_ref().is_some_and(|current| Arc::ptr_eq(current, flight)) {", "{"),
    ("newest-stays", "a later computation is not replaced by an earlier one", "memory/landing.rs",
     "stored.header().ticket > header.ticket && stored.is_fresh()", "false"),
    ("single-flight", "§2 one computation", "call/lookup.rs",
     "let Some(flight) = key.flight().cloned() else {", "let Some(flight) = key.flight().cloned().filter(|_| false) else {"),
    ("second-look", "§2 the leader looks once more", "call/lookup.rs",
     "let found = memory.inner().peek(self.hash);", "let found = memory.inner().peek(self.hash).filter(|_| false);"),
    ("abandoned", "§2 a dropped leader is replaced", "call/lead.rs",
     "drop(self.close(Landing::Nothing, Settled::Abandoned));",
     "drop(self.memory.inner().land(&self.flight, Landing::Nothing));"),
    ("panic", "§2 a panicking leader wakes its waiters", "call/lead.rs",
     "drop(self.close(Landing::Nothing, Settled::Panicked(message_of(&*panic))));",
     "drop(self.memory.inner().land(&self.flight, Landing::Nothing));"),
    ("side-by-side", "§2 no convoy of failures", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", "Settled::Unshared => self.next(leader),"),
    ("exclusive", "store_result = false runs one at a time", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", ""),
    ("shared-errors", "§2 waiters share an error that is Clone", "call/lead.rs",
     "if self.flight.has_waiters() {", "if false {"),
    ("recursion", "§2 recursion", "flight/context.rs",
     "computed() && current.ancestry().any(|flight| flight.computes(memory, hash))", "false && computed() && current.ancestry().any(|flight| flight.computes(memory, hash))"),
    ("deciding-is-computing", "§2 recursion in what decides about a result", "call/lead.rs",
     "self.within(|| self.decide(policy, &returned))", "std::thread::Result::Ok(self.decide(policy, &returned))"),
    ("waking-first", "§3 destructors run after waiters are woken", "call/lead.rs",
     "let leftovers = self.memory.inner().land(&self.flight, landing);",
     "drop(self.memory.inner().land(&self.flight, landing)); let leftovers = Leftovers::default();"),
    ("wake-all", "§3 a waker that panics is alone with it", "flight/mod.rs",
     "let mut rest = Self(std::mem::take(&mut self.0));", "let mut rest = WakeAll(Vec::new().into_iter()); std::mem::swap(&mut rest.0, &mut self.0); let mut rest = std::mem::ManuallyDrop::new(rest);"),
    ("parked", "§2 nobody waits for a leader that its own task has parked", "flight/wait.rs",
     "Patience::LIMIT => return Poll::Ready(Waited::Parked),", "Patience::LIMIT => Patience::Trusting,"),
    ("circle", "§2 circles of waiting", "flight/context.rs",
     "if search.waits_for(flight, &within) {", "if false && search.waits_for(flight, &within) {"),
    ("forget", "§2 what fencing remembers is bounded", "flight/table.rs",
     "if key.computing == 0 {\n            slot.remove();\n        }", ""),
    ("key-equality", "§4 equality decides", "key/parts.rs",
     "self.0.is_same(&owned.0) && self.1.is_same(&owned.1)", "{ let _ = owned; true }"),
    ("flight-equality", "§4 equality decides about joining", "call/lookup.rs",
     "entry.header.ident == self.target.ident && entry.key == self.key", "entry.header.ident == self.target.ident"),
    ("identity-in-hash", "§4 functions share nothing", "site/function.rs",
     "*idents.entry((prefix.to_owned(), types)).or_insert_with(|| NEXT.fetch_add(1, Relaxed))",
     "{ let _ = (&mut idents, prefix, types, &NEXT, Relaxed); 1 }"),
    ("bound", "§5 bounded", "memory/store.rs",
     ".weight_capacity(bound / shards * shards)", ".weight_capacity(u64::MAX / 2)"),
    ("expiry", "entries expire", "time.rs",
     "self != Self::NEVER && now() >= self.0", "self != Self::NEVER && now() >= self.0 && false"),
    ("sweeper", "expired entries are reclaimed unread", "memory/sweeper.rs",
     "gone.iter().for_each(|entry| memory.reclaim(entry));", ""),
]

# Those of them that the models must notice as well.
MODELLED = {
    "fence", "visibility", "detach", "join-generation", "refresh-order", "own-flight", "newest-stays", "single-flight",
    "second-look", "abandoned", "panic", "side-by-side", "exclusive", "recursion", "circle", "forget", "key-equality",
    "flight-equality",
}

# What no test can hold still, and only the models see.
ONLY_MODELLED = [
    ("ended-under-lock", "G1 by one of two invalidate_all at once", "memory/mod.rs",
     "current.end(); *current = Generation::new();",
     "let old = std::mem::replace(&mut *current, Generation::new()); drop(current); old.end();"),
    ("set-under-lock", "a set that came too late takes nobody's place", "call/target.rs",
     "let leftovers = inner.set(hash, |ticket| { let generation = self.scope.generation();",
     "let generation = self.scope.generation(); let leftovers = inner.set(hash, |ticket| {"),
]


def run(tree, models):
    # A mutant may hang: that is red, too. (The models notice one by themselves.)
    tests = ["cargo", "test", "--quiet", "-p", "cache-memoize-tests", "--test", "promises", "--test", "allocations",
             "--no-fail-fast"]
    command, timeout = (["scripts/model.sh"], 1800) if models else (tests, 100)
    try:
        return subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None


def pattern(code):
    """Matches the code however it is wrapped."""
    tokens = re.findall(r"\w+|[^\w\s]", code)
    return r"\s*".join(re.escape(token) for token in tokens)


def main():
    models = "--model" in sys.argv
    wanted = [name for name in sys.argv[1:] if name != "--model"]
    mechanisms = [row for row in MECHANISMS if row[0] in MODELLED] + ONLY_MODELLED if models else MECHANISMS
    survivors = []
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "tree"
        ignore = shutil.ignore_patterns("target", ".git")
        shutil.copytree(TREE, tree, ignore=ignore)
        for name, promise, file, there, instead in mechanisms:
            if wanted and name not in wanted:
                continue
            path = tree / RUNTIME / file
            text = path.read_text()
            found = list(re.finditer(pattern(there), text))
            if len(found) != 1:
                sys.exit(f"{name}: {file} does not have this just once: {there}")
            path.write_text(text[:found[0].start()] + instead + text[found[0].end():])
            result = run(tree, models)
            path.write_text(text)
            if result is None:
                verdict = "red (hangs)"
            elif "error: could not compile" in result.stderr:
                sys.exit(f"{name}: does not compile\n{result.stderr}")
            elif result.returncode != 0:
                failed = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("---- ")]
                failed += [line.strip() for line in result.stdout.splitlines() if line.startswith("    model::")]
                verdict = "red: " + ", ".join(failed[:3])
            else:
                verdict = "GREEN"
                survivors.append(name)
            print(f"{name:18} {promise:55} {verdict}", flush=True)
    sys.exit(f"not noticed: {', '.join(survivors)}" if survivors else 0)


main()
