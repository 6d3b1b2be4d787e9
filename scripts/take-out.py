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
    ("memory-invalidate-all", "G1 by Memory::invalidate_all", "memory/mod.rs",
     "scopes.iter().for_each(|scope| self.0.invalidate_all(scope));", ""),
    ("memory-invalidate-all-named", "G1 by Memory::invalidate_all, of functions that know the memory by a name",
     "backend/fences.rs", ".max(self.everything)", ""),
    ("capacity-zero", "§5 a capacity of zero keeps nothing", "memory/mod.rs",
     "Self::Entries(number) | Self::Weight(number) => Some(number),",
     "Self::Entries(number) | Self::Weight(number) => Some(number.max(1)),"),
    ("copies-are-asked-of", "§5 what threads have copied counts as used", "memory/landing.rs",
     "if new.ticket & self.void_mask == 0 {", "if false {"),
    ("single-flight", "§2 one computation", "call/lookup.rs",
     "let Some(flight) = key.flight().cloned() else {", "let Some(flight) = key.flight().cloned().filter(|_| false) else {"),
    ("second-look", "§2 the leader looks once more", "call/lookup.rs",
     "let has_changed = self.vacant != Some(self.scope.time(self.hash));", "let has_changed = false;"),
    ("abandoned", "§2 a dropped leader is replaced", "call/lead.rs",
     "drop(self.close(Landing::Nothing, how));",
     "drop(errand(flight).memory.inner().land(flight, Landing::Nothing, None, None)); self.flight = None; drop(how);"),
    ("far-down", "§2 a panic far down in a recursion is told, and its context left", "call/lead.rs",
     "let has_panicked = flight.entered.load(Relaxed);", "let has_panicked = flight.entered.swap(false, Relaxed);"),
    ("stack-of-recursion", "§3 a recursion is as deep as without single flight", "call/lead.rs",
     "const CATCHING: u32 = 32;", "const CATCHING: u32 = u32::MAX;"),
    ("stack-of-values", "§3 large values fit on small stacks", "memory/entry.rs",
     "size_of::<V>() > LARGE", "size_of::<V>() > 1 << 30"),
    ("panic", "§2 a panicking leader wakes its waiters", "call/lead.rs",
     "drop(self.close(Landing::Nothing, Settled::Panicked(message_of(&*panic))));",
     "let flight = self.flight.take().expect(\"open\"); Self::leave(&flight); drop(errand(&flight).memory.inner().land(&flight, Landing::Nothing, None, None));"),
    ("side-by-side", "§2 no convoy of failures", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", "Settled::Unshared => self.next(leader),"),
    ("exclusive", "store_result = false runs one at a time", "call/lookup.rs",
     "Settled::Unshared if self.exclusive => self.next(leader),", ""),
    ("shared-errors", "§2 waiters share an error that is Clone", "call/lead.rs",
     "if is_waited_for {", "if false {"),
    ("recursion", "§2 recursion", "flight/context.rs",
     "computed() && current.ancestry().any(|flight| flight.computes(memory, hash))", "false && computed() && current.ancestry().any(|flight| flight.computes(memory, hash))"),
    ("deciding-is-computing", "§2 recursion in what decides about a result", "call/lead.rs",
     "self.within(|| self.decide(&policy(), returned))", "std::thread::Result::Ok(self.decide(&policy(), returned))"),
    ("waking-first", "§3 destructors run after waiters are woken", "call/lead.rs",
     "let leftovers = memory.inner().land(&flight, landing, pair, *vacant);",
     "drop(memory.inner().land(&flight, landing, pair, *vacant)); let leftovers = Leftovers::default();"),
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
     "others.0.extend(line.drain(..).map(settled));", "line.drain(..).map(settled).for_each(drop);"),
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
     "entry.ident == self.ident && *entry.key == self.key", "entry.ident == self.ident"),
    ("rivals-are-looked-past", "§4 keys of one hash stay cached", "call/target.rs",
     "let Some(next) = inner.store.look_past(&rivals, hash, true) else {",
     "let Some(next) = inner.store.look_past(&rivals, hash, true).filter(|_| false) else {"),
    ("rivals-stay", "§4 an entry takes the place of its own key", "memory/rivals.rs",
     "match compare.is_same() {", "match compare.is_same() || true {"),
    ("rivals-are-bounded", "§4 at most 64 keys of one hash", "memory/rivals.rs",
     "if self.rivals.len() < MOST { None }", "if true { None }"),
    ("rivals-fly", "§2 keys of one hash have computations of their own", "call/lookup.rs",
     "rivals.push(flight.ticket);\n                continue;", "return Next::Turn(Turn::Lead(Lead::begin(self, Purpose::Aside, leader)));"),
    ("rivals-recur", "§2 a nested call of a rival is no recursion", "flight/context.rs",
     "flight.computes(memory, hash) && is_same(flight)", "flight.computes(memory, hash) && (is_same(flight) || true)"),
    ("identity-in-hash", "§4 functions share nothing", "site/instance.rs",
     "NEXT.fetch_add(1, Relaxed)", "{ let _ = (&NEXT, Relaxed); 1 }"),
    ("bound", "§5 bounded", "memory/store/mod.rs",
     "Shard::new(bound / shards, capacity)", "Shard::new(u64::MAX, Capacity::Unbounded)"),
    ("expiry", "entries expire", "time.rs",
     "self != Self::NEVER && now() >= self.0", "self != Self::NEVER && now() >= self.0 && false"),
    ("sweeper", "expired entries are reclaimed unread", "memory/sweeper.rs",
     "gone.iter().for_each(|&(hash, ticket)| memory.reclaim(hash, ticket));", ""),
]

IDENTITY = [
    ("identity-by-number", "§4 functions of one path share nothing in memory", "site/instance.rs",
     "None => next(),", "None => intern(&naming.prefix, naming.spelled, function.world),"),
    ("identity-by-place", "§4 functions of one path share nothing where keys are text", "site/naming.rs",
     "if is_the_only_one(meta, parent) { String::new() } else { mark(&meta.place()) }",
     "{ let _ = (is_the_only_one, Meta::place, parent); String::new() }"),
    ("identity-of-types", "§4 types of one name share nothing where keys are text", "site/naming.rs",
     "if in_brackets && !(text::says_it_all(generics)", "if false && in_brackets && !(text::says_it_all(generics)"),
    ("identity-in-module", "§4 a function called as a type or a module is none", "site/naming.rs",
     "Some(rest) if meta.is_method => {", "Some(rest) => {"),
    ("claims", "§4 what has one text shares it only if that was asked for", "site/claims.rs",
     "(!is_meant).then(||", "(false && !is_meant).then(||"),
    ("closures-have-no-name", "§4 closures share nothing where keys are text", "site/claims.rs",
     "if naming.says_a_closure {", "if false {"),
    ("confusion", "§4 instances that nothing tells apart share nothing", "site/function.rs",
     "if may_be_many ||", "if true || may_be_many ||"),
    ("late-bound-lifetimes", "companions are about the entry of their function", "site/path.rs",
     "path.keep(|_, element| !is_lifetime(element));", "let _ = is_lifetime;"),
    ("group-in-memory", "G1 by invalidate_all of a function with the same prefix", "call/target.rs",
     "Some(group) => group.scopes().iter().for_each(|scope| inner.invalidate_all(scope)),",
     "Some(_) => inner.invalidate_all(&self.tenant.scope),"),
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
    ("held", "§3 no large value from hostile bytes: what a value holds ends", "shared/codec/limits.rs",
     "if held <= self.most_held {", "if held <= self.most_held || true {"),
    ("held-in-boxes", "§3 a value in a box counts for its own width", "shared/codec/bounded.rs",
     "if size_of::<T>() <= room {", "if size_of::<T>() <= room || true {"),
    ("read-back", "§5 what could not be read back is refused and not stored", "shared/caller.rs",
     "if out.len() <= limit && parts.may_exceed(", "if false && parts.may_exceed("),
    ("silent-parts", "§5 nor are elements without bytes, however few", "shared/codec/mod.rs",
     "self.number > few || self.number > (self.bytes + limits::UNPAID_OF_ANY_WIDTH) as u64", "self.number > few"),
    ("witness", "§4 two calls that are written alike are told in debug builds", "shared/target.rs",
     "if self.scope.witnesses.is_news(key.check, witness) {", "if false && self.scope.witnesses.is_news(key.check, witness) {"),
    ("witness-once", "once for each function", "key/witness.rs",
     "if seen.has_told {", "if false {"),
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
     "self.plan_probe(FIRST_PROBE.saturating_mul(1 << relapses.min(5)).min(LAST_PROBE));", "let _ = LAST_PROBE;"),
    ("recovery-after-fork", "§3 a backend that comes back is used by a forked process", "shared/health.rs",
     "if is_late {", "if false && is_late {"),
    ("slow-is-not-down", "§3 overload is no outage", "shared/health.rs",
     "if answers.load(Relaxed) != asked.answers {", "if false {"),
    ("comes-and-goes", "§3 each change of a backend is told, but not again and again", "shared/health.rs",
     "state.relapses = if is_relapse { state.relapses + 1 } else { 0 };", "let _ = is_relapse;"),
    ("lanes", "§3 a backend that hangs delays no other's renewals", "chores/lane.rs",
     "const MOST_THREADS: usize = 64;", "const MOST_THREADS: usize = 1;"),
    ("renewed-together", "§2 a thousand computations keep their leases", "shared/renewal.rs",
     "const BATCH: usize = 128;", "const BATCH: usize = 1;"),
    ("sweeper-after-fork", "expired entries are reclaimed in a forked process", "memory/sweeper.rs",
     "due.saturating_add(Self::GRACE) < now", "due > now && false"),
    ("panicking-backend", "§3 a backend that panics is one that fails", "shared/caller.rs",
     "polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(panic))))", "polled.unwrap_or_else(|panic| std::panic::resume_unwind(panic))"),
    ("checksum", "§3 damage is a miss", "shared/envelope.rs",
     "check(whole, Mismatch::Checksum)?;", "let _ = whole;"),
    ("type", "§3 another type is a miss", "shared/envelope.rs",
     "check(Some(header.fingerprint) == fingerprint, Mismatch::Fingerprint)?;", "let _ = fingerprint;"),
    ("names", "§3 another type is a miss, also where its fingerprint does not show it", "shared/stored.rs",
     "if written == Some(u64::from_le_bytes(*names)) { Ok(value) } else { Err(Unread::Names) }",
     "{ let _ = (written, names, Unread::Names); Ok(value) }"),
    ("variants", "§3 another type is a miss, with all its variants and fields looked into", "shared/fingerprint/recorder.rs",
     "known.next = known.next.max(part + 1);", "known.next = node.parts;"),
    ("read-back", "§3 what cannot be read back is not stored", "shared/stored.rs",
     "if fingerprint.is_plain {", "if true {"),
    ("made-up", "§3 no made-up value reaches user code", "shared/fingerprint/recorder.rs",
     "false => Ok(false),", "false => Ok(true),"),
    ("whose", "§3 another key's entry is a miss", "shared/envelope.rs",
     "check(header.key == expected.key, Mismatch::Key)?;", ""),
    ("size", "§5 decoding has a limit", "shared/caller.rs",
     "if bytes.len() > self.shared.inner().max_value_size {", "if false {"),
]

# Of the attribute, and of what the compiler cannot see.
MACROS = "../../cache-memoize-macros/src/"
MISUSE = [
    ("standing", "a mistake in a body is one error", MACROS + "standing.rs",
     "Self::found(&sig.ident).unwrap_or(Self::Unknown)", "Self::Unknown"),
    ("one-voice", "a type that does not fit is one error", MACROS + "expand/key.rs",
     "Says::Nothing => at.call(model, |at| quote_spanned!(at=> unchecked_part), answer),",
     "Says::Nothing => at.call(model, |at| quote_spanned!(at=> part), answer),"),
    ("judge", "a mistake in a closure over values is one error", MACROS + "expand/policy.rs",
     "body::can_name_others(model) && (of_values", "false && (of_values"),
    ("sized-integers", "integers of 64 bits compile", MACROS + "args/value.rs",
     "*number = LitInt::new(&format!(\"{number}u64\"), number.span());", ""),
    ("borrowing", "an argument that borrows is refused in our words", MACROS + "expand/key.rs",
     "borrows: returns::borrows(ty)", "borrows: returns::borrows(ty) && false"),
    ("part-of-dyn", "a trait with memoized methods has a `dyn`", MACROS + "expand/companions.rs",
     "bounds.predicates.push(syn::parse_quote!(Self: ::core::marker::Sized));", ""),
    ("made-anew", "a backend made at each call is told", "site/places.rs",
     "self.state.store(SUSPICIOUS, Relaxed);", ""),
]

# The suites that must miss it. Each takes part in `./test.sh` as well.
OF_MISUSE = ["--test", "one_error", "--test", "shapes", "--", "every_mistake", "a_backend_that_is_made"]
OF_MEMORY = ["--test", "promises", "--test", "allocations", "--test", "races", "--test", "histories", "--",
             "--skip", "redis", "--skip", "cluster", "--skip", "sentinels", "--skip", "bytes", "--skip", "backend"]
OF_IDENTITY = ["--test", "identity"]
OF_SHARED = ["--test", "races", "--test", "shared", "--test", "redis_backend", "--test", "dropped", "--",
             "--skip", "in_memory"]
OF_HOSTILE = ["--test", "hostile"]
OF_FAILURES = ["--test", "faults", "--test", "chaos"]


# Those of them that the models must notice as well.
MODELLED = {
    "fence", "visibility", "detach", "join-generation", "refresh-order", "own-flight", "newest-stays", "single-flight",
    "copies-invalidated", "copies-replaced", "copies-of-all", "second-look", "abandoned", "panic", "exclusive", "circle", "forget", "flight-equality",
}

# Seen by what runs under a panic hook that ends the process.
HOSTILE = [
    ("late-bytes", "§3 what is sent when nobody waits is not read for ever", "redis/line.rs",
     "if self.late > LATE {", "if false {"),
    ("too-long", "§3 an answer is bounded by what was asked", "redis/resp.rs",
     "if size > longest {", "if false && size > longest {"),
    ("many-parts", "§3 an answer has no more parts than were asked for", "redis/resp.rs",
     "if self.begun.len() == DEEPEST || count > self.parts {", "if self.begun.len() == DEEPEST {"),
    ("quoted-login", "a login is never shown, as the answer to it", "redis/failure.rs",
     "secrets.cleared(self.words)", "{ let _ = secrets; self.words }"),
    ("fragment", "a secret in a fragment is not shown", "redis/url.rs",
     "place.find(['?', '#'])", "place.find(['?'])"),
    ("fence-fields", "a fence with garbage in it heals", "redis/scripts/begin.lua",
     "local broken = state.err or not (", "local broken = state.err or false and not ("),
    ("removed-all", "remove_all looks at its answer", "redis/request.rs",
     "Value::Int(0 | 1) => Ok(()),", "_ if true => Ok(()),"),
]

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
     "drop(inner.set(hash, &entry, life, pair, || self.tenant.scope.generation()));",
     "let generation = self.tenant.scope.generation(); drop(inner.set(hash, &entry, life, pair, || generation));"),
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
        groups = [(IN_MEMORY, OF_MEMORY), (IDENTITY, OF_IDENTITY), (SHARED, OF_SHARED), (FAILURES, OF_FAILURES),
                  (MISUSE, OF_MISUSE), (HOSTILE, OF_HOSTILE)]
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
