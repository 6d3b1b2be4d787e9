#!/usr/bin/env python3
"""Takes out one mechanism after the other and checks that a test goes red each time.

    scripts/take-out.py [NAME …]
    scripts/take-out.py --model [NAME …]

With `--model` it is the models (`scripts/model.sh`) that must notice. Works on a copy of the tree, so it can be run
beside other work. About half an hour for all of them.
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
IN_MEMORY = [
    ("fence", "G1 by invalidate, set, refresh", "flight/table.rs",
     "key.fence = key.fence.max(ticket);", ""),
    ("visibility", "G1 by invalidate_all", "memory/store/seen.rs",
     "self.is_alive && !self.deadline.has_passed()", "!self.deadline.has_passed()"),
    ("detach", "G2 no joining", "flight/table.rs",
     "key.flight.take_if(|flight| flight.ticket < ticket)", "{ let _ = &key.flight; None }"),
    ("join-generation", "G2 after invalidate_all", "flight/table.rs",
     "flight.generation.is_alive().then_some(flight)", "Some(flight)"),
    ("refresh-order", "G1 of overlapping refreshes the later begun wins", "memory/landing.rs",
     "leftovers.overtaken = key.overtake(ticket);\n            }\n            match", "} match"),
    ("own-flight", "G4 an old flight leaves its successor alone", "flight/table.rs",
     "if key.flight.as_ref().is_some_and(|current| Arc::ptr_eq(current, flight)) {", "{"),
    ("newest-stays", "a later computation is not replaced by an earlier one", "memory/landing.rs",
     "here.slot().ticket > new.ticket && here.slot().is_fresh()", "false"),
    ("copies-invalidated", "G1 by invalidate and by a refresh that stores nothing, in what other threads have copied",
     "memory/store/mod.rs",
     "let gone = shard.remove_if(hash, is_it)?;\n        stamp::void(hash);", "let gone = shard.remove_if(hash, is_it)?;"),
    ("copies-replaced", "G1 by set and refresh, in what other threads have copied", "memory/store/mod.rs",
     "shard.insert(new, &mut displaced);\n        stamp::void(new.hash);", "shard.insert(new, &mut displaced);"),
    ("copies-of-all", "G1 by invalidate_all, in what other threads have copied", "memory/mod.rs",
     "stamp::void_all_while(&self.time, || current.end());", "current.end();"),
    ("copies-of-others", "G1 by invalidate_all, in copies of what a function with the same prefix stored", "call/target.rs",
     "stamp::is_settled(time) && seen.is_stored_by(&self.tenant.scope)", "stamp::is_settled(time)"),
    ("copies-expire", "entries expire, in what threads have copied", "call/target.rs",
     "key.is_same(&copied.key) && !copied.deadline.has_passed()", "key.is_same(&copied.key)"),
    ("copies-equality", "§4 equality decides about copies", "call/target.rs",
     "key.is_same(&copied.key) && !copied.deadline.has_passed()", "!copied.deadline.has_passed()"),
    ("copies-are-asked-of", "§5 what threads have copied counts as used", "memory/landing.rs",
     "if new.ticket & self.youth == 0 {", "if false {"),
    ("single-flight", "§2 one computation", "call/lookup.rs",
     "let Some(flight) = key.flight().cloned() else {", "let Some(flight) = key.flight().cloned().filter(|_| false) else {"),
    ("second-look", "§2 the leader looks once more", "call/lookup.rs",
     "let has_changed = self.vacant != Some(self.scope.time(self.hash));", "let has_changed = false;"),
    ("abandoned", "§2 a dropped leader is replaced", "call/lead.rs",
     "drop(self.close(Landing::Nothing, Settled::Abandoned));",
     "drop(self.memory.inner().land(&self.flight, Landing::Nothing, None, None));"),
    ("panic", "§2 a panicking leader wakes its waiters", "call/lead.rs",
     "drop(self.close(Landing::Nothing, Settled::Panicked(message_of(&*panic))));",
     "drop(self.memory.inner().land(&self.flight, Landing::Nothing, None, None));"),
    ("side-by-side", "§2 no convoy of failures", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", "Settled::Unshared => self.next(leader),"),
    ("exclusive", "store_result = false runs one at a time", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", ""),
    ("shared-errors", "§2 waiters share an error that is Clone", "call/lead.rs",
     "if is_waited_for {", "if false {"),
    ("recursion", "§2 recursion", "flight/context.rs",
     "computed() && current.ancestry().any(|flight| flight.computes(memory, hash))", "false && computed() && current.ancestry().any(|flight| flight.computes(memory, hash))"),
    ("deciding-is-computing", "§2 recursion in what decides about a result", "call/lead.rs",
     "self.within(|| self.decide(policy, &returned))", "std::thread::Result::Ok(self.decide(policy, &returned))"),
    ("waking-first", "§3 destructors run after waiters are woken", "call/lead.rs",
     "let leftovers = self.memory.inner().land(&self.flight, landing, pair, self.vacant);",
     "drop(self.memory.inner().land(&self.flight, landing, pair, self.vacant)); let leftovers = Leftovers::default();"),
    ("wake-all", "§3 a waker that panics is alone with it", "flight/mod.rs",
     "let mut rest = Self(std::mem::take(&mut self.0));", "let mut rest = WakeAll(Vec::new().into_iter()); std::mem::swap(&mut rest.0, &mut self.0); let mut rest = std::mem::ManuallyDrop::new(rest);"),
    ("parked", "§2 nobody waits for a leader that its own task has parked", "flight/wait.rs",
     "Patience::LIMIT => return Poll::Ready(Waited::Parked),", "Patience::LIMIT => Patience::Trusting,"),
    ("max-wait", "§2 nobody waits for ever", "flight/bound.rs",
     "let own = after(Instant::now(), max_wait);", "let own: Option<Instant> = None;"),
    ("one-more", "§2 one more for each max_wait", "flight/bound.rs",
     "(false, Some(relieved)) => Some(self.own?.max(after(relieved, self.max_wait)?)),", "(false, Some(_)) => self.own,"),
    ("crowd", "§2 workers of a runtime are let go faster", "flight/bound.rs",
     "const CROWD: u32 = 64;", "const CROWD: u32 = 1;"),
    ("elsewhere", "§2 a value from beside is for those who wait already", "flight/table.rs",
     "others.0.extend(line.drain(..).map(told));", "line.drain(..).map(told).for_each(drop);"),
    ("look-again", "§2 a value that took long is for those who came later", "flight/table.rs",
     "true => others.0.extend(later.into_iter().map(|later| (later, Settled::Abandoned))),", "true => line.extend(later),"),
    ("joined-again", "§2 no second computation beside a live one when one beside it has failed", "flight/table.rs",
     "self.flight = line.pop();", "let _ = line.pop();"),
    ("no-second-run", "store_result = false is waited for", "call/lookup.rs",
     "if self.exclusive {", "if false && self.exclusive {"),
    ("circle", "§2 circles of waiting", "flight/context.rs",
     "if search.waits_for(flight, &within) {", "if false && search.waits_for(flight, &within) {"),
    ("forget", "§2 what fencing remembers is bounded", "flight/table.rs",
     "if key.computing == 0 {\n            slot.remove();\n        }", ""),
    ("key-equality", "§4 equality decides", "key/parts.rs",
     "self.0.is_same(&owned.0) && self.1.is_same(&owned.1)", "{ let _ = owned; true }"),
    ("flight-equality", "§4 equality decides about joining", "call/lookup.rs",
     "entry.ident == self.ident && entry.key == self.key", "entry.ident == self.ident"),
    ("identity-in-hash", "§4 functions share nothing", "site/function.rs",
     "*idents.entry((prefix.to_owned(), types, world)).or_insert_with(|| NEXT.fetch_add(1, Relaxed))",
     "{ let _ = (&mut idents, prefix, types, world, &NEXT, Relaxed); 1 }"),
    ("bound", "§5 bounded", "memory/store/mod.rs",
     "Shard::new(bound / shards, capacity)", "Shard::new(u64::MAX, Capacity::Unbounded)"),
    ("expiry", "entries expire", "time.rs",
     "self != Self::NEVER && now() >= self.0", "self != Self::NEVER && now() >= self.0 && false"),
    ("sweeper", "expired entries are reclaimed unread", "memory/sweeper.rs",
     "gone.iter().for_each(|&(hash, ticket)| memory.reclaim(hash, ticket));", ""),
]

SHARED = [
    ("epoch", "G1 by invalidate, in one process", "backend/fences.rs",
     "known.epoch = epoch;", "let _ = epoch;"),
    ("generation", "G1 by invalidate_all, in one process", "backend/fences.rs",
     "state.generations.insert(group.to_owned(), generation);", "let _ = (generation, group);"),
    ("floor", "G1 by set and refresh, in one process", "backend/fences.rs",
     "&& fence.ticket >= self.floor", ""),
    ("lost-fence", "G5 a refresh that lost its fence leaves nothing old", "backend/fences.rs",
     "false if commit.refresh && state.is_unknown_since(key, commit.fence) => store(None),", ""),
    ("end-by-name", "G4 one that ends twice ends nobody else", "backend/fences.rs",
     "known.computing.retain(|token| *token != fence.token);", "known.computing.pop();"),
    ("forget-fences", "§2 what fencing remembers is bounded, in one process", "backend/fences.rs",
     "false => drop(self.keys.remove(key)),", "false => {}"),
    ("led-unasked", "§2 a leader that was not asked for is an error", "shared/begin.rs",
     "Begun::Led => return Err(self.led_unasked()),", "Begun::Led => {}"),
    ("succession", "§2 one takes over from another, in one process", "backend/fences.rs",
     "self.generation == generation && !replaced()", "self.generation == generation && !(false && replaced())"),
    ("lapse", "§2 a leader that crashed is succeeded", "backend/fences.rs",
     "if self.keys.get(key).is_some_and(|known| known.until <= now) {", "if false && self.keys.get(key).is_some_and(|known| known.until <= now) {"),
    ("redis-epoch", "G1 by invalidate, on Redis", "redis/scripts/commit.lua",
     "there == ARGV[3] and current == ARGV[2]", "current == ARGV[2]"),
    ("redis-new-epoch", "G1 by invalidate, on Redis", "redis/scripts/remove.lua",
     "local done = redis.pcall('HSET', fence, 'e', ARGV[1])", "local done = 0"),
    ("redis-generation", "G1 by invalidate_all, on Redis", "redis/scripts/begin.lua",
     "string.sub(found, -16) == generation then", "true then"),
    ("redis-floor", "G1 by set and refresh, on Redis", "redis/scripts/commit.lua",
     "redis.pcall('HSET', fence, 'f', ARGV[4])", ""),
    ("redis-proof", "G5 without its fence nothing is stored, on Redis", "redis/scripts/commit.lua",
     "elseif ARGV[6] == '1' then\n  redis.call('DEL', value)\nend", "else redis.call('SET', value, ARGV[8]) landed = 1 end"),
    ("redis-end-by-name", "G4 a repeated command ends nobody else, on Redis", "redis/scripts/release.lua",
     "if redis.pcall('HDEL', fence, ARGV[1]) == 1 then", "redis.pcall('HDEL', fence, ARGV[1]) do"),
    ("redis-join", "G2 who may share is asked of the server", "redis/scripts/begin.lua",
     "if epoch and epoch == ARGV[6] and generation == ARGV[7]", "if ARGV[6] ~= ''"),
    ("ask-before-joining", "G2 across processes", "shared/lookup.rs",
     "Local::Airborne(flight, fence) => self.check(flight, fence, how, over).await,",
     "Local::Airborne(flight, _fence) => self.wait(flight, how, over).await,"),
    ("share-late", "§2 who comes while the value is stored shares it", "shared/lead.rs",
     "match self.within(|| self.fill_for_waiters(share)) {", "match self.within(|| { drop(share); false }) {"),
    ("released", "§2 a dropped leader is replaced, in the fleet", "shared/lead.rs",
     "fn give_up(&mut self, how: Settled) {\n        if let", "fn give_up(&mut self, how: Settled) {\n        if false && let"),
    ("renewal", "§2 a long computation keeps its fence", "shared/lead.rs",
     "Stage::Airborne(fence) => Some(Renewal::of(&caller, fence)),", "Stage::Airborne(_) => None,"),
]

FAILURES = [
    ("own-clock", "§2 who lives is seen by the clock of those who wait", "shared/begin.rs",
     "Some(seen) if seen.alive.elapsed() > self.lease =>", "Some(seen) if false && seen.alive.elapsed() > self.lease =>"),
    ("one-more-in-the-fleet", "§2 one more for each max_wait, in the fleet", "shared/begin.rs",
     "waited && seen.since.elapsed() >= self.max_wait", "waited"),
    ("no-second-run-in-the-fleet", "store_result = false is waited for, in the fleet", "shared/begin.rs",
     "Some(seen) if !self.exclusive && waited", "Some(seen) if waited"),
    ("failed-leader", "§2 no convoy of failures in the fleet", "redis/scripts/begin.lua",
     "if not waited or (tonumber(state[6] or 0) or 0) < waited then return {2} end", "do return {2} end"),
    ("cut-off", "G2 only who cannot ask shares what it computes blindly", "shared/lookup.rs",
     "self.down.as_ref().is_some_and(|error| !answers(error))", "{ let _ = answers; self.down.is_some() }"),
    ("breaker", "§3 nobody pays for an outage twice", "shared/health.rs",
     "self.health.down.store(true, Relaxed);", ""),
    ("recovery", "§3 a backend that comes back is used", "shared/health.rs",
     "state.probe = Some(self.plan_probe(FIRST_PROBE));", ""),
    ("panicking-backend", "§3 a backend that panics is one that fails", "shared/caller.rs",
     "polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic))))", "polled.unwrap_or_else(|panic| std::panic::resume_unwind(panic))"),
    ("checksum", "§3 damage is a miss", "shared/envelope.rs",
     "check(whole, Mismatch::Checksum)?;", "let _ = whole;"),
    ("type", "§3 another type is a miss", "shared/envelope.rs",
     "check(Some(header.fingerprint) == fingerprint, Mismatch::Fingerprint)?;", "let _ = fingerprint;"),
    ("whose", "§3 another key's entry is a miss", "shared/envelope.rs",
     "check(header.key == expected.key, Mismatch::Key)?;", ""),
    ("size", "§5 decoding has a limit", "shared/caller.rs",
     "if bytes.len() > self.shared.inner().max_value_size {", "if false {"),
]

# The suites that must miss it. Each takes part in `./test.sh` as well.
OF_MEMORY = ["--test", "promises", "--test", "allocations", "--test", "races", "--test", "histories", "--",
             "--skip", "redis", "--skip", "cluster", "--skip", "sentinels", "--skip", "bytes", "--skip", "backend"]
OF_SHARED = ["--test", "races", "--test", "shared", "--test", "redis_backend", "--test", "dropped", "--",
             "--skip", "in_memory"]
OF_FAILURES = ["--test", "faults", "--test", "chaos"]


# Those of them that the models must notice as well.
MODELLED = {
    "fence", "visibility", "detach", "join-generation", "refresh-order", "own-flight", "newest-stays", "single-flight",
    "copies-invalidated", "copies-replaced", "copies-of-all", "second-look", "abandoned", "panic", "exclusive", "circle", "forget", "flight-equality",
}

# What no test can hold still, and only the models see.
ONLY_MODELLED = [
    ("ended-under-lock", "G1 by one of two invalidate_all at once", "memory/mod.rs",
     "stamp::void_all_while(&self.time, || current.end()); *current = Generation::new(self.common.clone());",
     "let old = std::mem::replace(&mut *current, Generation::new(self.common.clone())); drop(current); "
     "stamp::void_all_while(&self.time, || old.end());"),
    ("copies-at-once", "invalidate_all takes effect at one instant, also for what threads have copied", "memory/mod.rs",
     "stamp::void_all_while(&self.time, || current.end());", "current.end(); self.void_copies();"),
    ("copies-while", "nothing is copied while invalidate_all is under way", "memory/stamp.rs",
     "time.is_multiple_of(CHANGE)", "{ let _ = time; true }"),
    ("copied-before", "what is copied is of the time before the store was asked", "call/target.rs",
     "let is_worth_keeping =", "let time = self.tenant.scope.time(hash); let is_worth_keeping ="),
    ("vacant", "a later computation is not replaced by an earlier one that began when nothing was there", "memory/landing.rs",
     "let vacant = vacant == Some(generation.of.time(hash));", "let vacant = vacant.is_some();"),
    ("set-under-lock", "a set that came too late takes nobody's place", "call/target.rs",
     "drop(inner.set(hash, &any, life, pair, || self.tenant.scope.generation()));",
     "let generation = self.tenant.scope.generation(); drop(inner.set(hash, &any, life, pair, || generation));"),
]


def run(tree, suites):
    # A mutant may hang: that is red, too. (The models notice one by themselves.)
    if suites:
        tests = ["cargo", "test", "--quiet", "-p", "cache-memoize-tests", "--no-fail-fast", *suites]
        command, timeout = tests, 900
    else:
        command, timeout = ["scripts/model.sh"], 1800
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
    if models:
        groups = [([row for row in IN_MEMORY if row[0] in MODELLED] + ONLY_MODELLED, None)]
    else:
        groups = [(IN_MEMORY, OF_MEMORY), (SHARED, OF_SHARED), (FAILURES, OF_FAILURES)]
    mechanisms = [(*row, suites) for rows, suites in groups for row in rows]
    survivors = []
    with tempfile.TemporaryDirectory() as scratch:
        tree = pathlib.Path(scratch) / "tree"
        ignore = shutil.ignore_patterns("target", ".git")
        shutil.copytree(TREE, tree, ignore=ignore)
        for name, promise, file, there, instead, suites in mechanisms:
            if wanted and name not in wanted:
                continue
            path = tree / RUNTIME / file
            text = path.read_text()
            found = list(re.finditer(pattern(there), text))
            if len(found) != 1:
                sys.exit(f"{name}: {file} does not have this just once: {there}")
            path.write_text(text[:found[0].start()] + instead + text[found[0].end():])
            result = run(tree, suites)
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


if __name__ == "__main__":
    main()
