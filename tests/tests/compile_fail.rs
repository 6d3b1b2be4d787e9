//! Misuse is a compile error that teaches: each file in `compile-fail` is misuse, and the `.stderr` beside it is
//! what its author reads. `TRYBUILD=overwrite` writes them anew; read every word of the difference then.

#[test]
fn misuse_is_told_what_is_wrong_and_what_to_do() {
    trybuild::TestCases::new().compile_fail("compile-fail/*/*.rs");
}
