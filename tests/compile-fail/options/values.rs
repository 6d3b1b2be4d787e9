//! Values that their options do not take.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl)]
fn no_value(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = )]
fn forgotten_value(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity(5))]
fn in_parentheses(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = 0)]
fn no_room(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = "many")]
fn no_number(id: u64) -> u64 {
    id
}

#[cache_memoize(store_result = 0)]
fn no_truth_value(id: u64) {
    let _ = id;
}

#[cache_memoize(cache_err = false)]
fn the_default(id: u64) -> Result<u64, String> {
    Ok(id)
}

#[cache_memoize(single_flight = fleet)]
fn without_quotes(id: u64) -> u64 {
    id
}

#[cache_memoize(single_flight = "fleeet")]
fn unknown_flight(id: u64) -> u64 {
    id
}

#[cache_memoize(version = id)]
fn no_literal(id: u64) -> u64 {
    id
}

#[cache_memoize(prefix = format!("posts"))]
fn not_const(id: u64) -> u64 {
    id
}

#[cache_memoize(extra = |id| id)]
fn closure_for_expression(id: u64) -> u64 {
    id
}

#[cache_memoize(args_rewrite = id + 1)]
fn expression_for_closure(id: u64) -> u64 {
    id
}

#[cache_memoize(on_hit = async |id| log(id).await)]
fn nobody_awaits(id: u64) -> u64 {
    id
}

#[cache_memoize(skip = id)]
fn list_without_parentheses(id: u64) -> u64 {
    id
}

#[cache_memoize(companions = private)]
fn no_visibility(id: u64) -> u64 {
    id
}

#[cache_memoize(ttl = 5 capacity = 10)]
fn no_comma(id: u64) -> u64 {
    id
}

#[cache_memoize(capacity = 10, 300)]
fn bare_in_second_place(id: u64) -> u64 {
    id
}

fn main() {}
