//! Attributes that stand beside ours. An `#[expect]` that comes true shows that one was kept.

use cache_memoize::cache_memoize;

use crate::{ran, row, runs};

#[test]
fn must_use() {
    #[must_use]
    #[cache_memoize]
    fn above(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize]
    #[must_use = "it is slow"]
    fn below(x: u8) -> u8 {
        ran();
        x
    }
    row!(above(1), above(2), above_invalidate(1));
    row!(below(1), below(2), below_invalidate(1));
    #[expect(unused_must_use)]
    {
        above(1);
    }
    #[expect(unused_must_use)]
    {
        below(1);
    }
    // Companions exist for their effect as well.
    above_invalidate(1);
}

#[test]
fn deprecated() {
    #[cache_memoize]
    #[deprecated(note = "use another")]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    #[expect(deprecated)]
    fn call(x: u8) -> u8 {
        f(x)
    }
    #[expect(deprecated)]
    fn invalidate(x: u8) -> bool {
        f_invalidate(x)
    }
    #[expect(deprecated)]
    fn refresh(x: u8) -> u8 {
        f_refresh(x)
    }
    row!(call(1), call(2), invalidate(1));
    assert_eq!(runs(|| refresh(1)), 1);
}

#[test]
fn deprecated_method() {
    struct Old;
    impl Old {
        #[cache_memoize(skip(self))]
        #[deprecated]
        fn f(&self, x: u8) -> u8 {
            ran();
            x
        }
    }
    impl Old {
        #[cache_memoize(skip(self))]
        #[deprecated]
        async fn g(&self, x: u8) -> u8 {
            ran();
            x
        }
    }
    #[expect(deprecated)]
    fn call(x: u8) -> u8 {
        Old.f(x)
    }
    #[expect(deprecated)]
    async fn call_async(x: u8) -> u8 {
        Old.g(x).await
    }
    row!(call(1), call(2));
    row!(crate::block_on(call_async(1)), crate::block_on(call_async(2)));
}

#[test]
fn cfg() {
    #[cfg(test)]
    #[cache_memoize]
    fn above(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize]
    #[cfg(test)]
    fn below(x: u8) -> u8 {
        ran();
        x
    }
    #[cfg(not(test))]
    #[cache_memoize]
    fn below(x: u8) -> NoSuchType {
        x
    }
    #[cache_memoize]
    #[cfg(not(test))]
    fn above(x: NoSuchType) -> u8 {
        x
    }
    row!(above(1), above(2), above_invalidate(1));
    row!(below(1), below(2), below_invalidate(1));
}

#[test]
fn cfg_attr() {
    #[cfg_attr(all(), cache_memoize)]
    #[cfg_attr(all(), must_use)]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    row!(f(1), f(2), f_invalidate(1));
    #[expect(unused_must_use)]
    {
        f(1);
    }
}

#[test]
fn doc_comments() {
    /// Adds.
    ///
    /// # Panics
    /// Never.
    #[cache_memoize]
    #[doc = "And more."]
    fn f(
        /* not a doc comment */ x: u8,
        // Nor this.
        y: u8,
    ) -> u8 {
        //! It can also stand here.
        ran();
        x + y
    }
    row!(f(1, 2), f(2, 1), f_invalidate(1, 2));
}

#[test]
fn expect() {
    #[cache_memoize]
    #[expect(unused_variables, reason = "it is asked for")]
    fn f(x: u8, unused: u8) -> u8 {
        ran();
        let never = 1;
        x
    }
    row!(f(1, 1), f(1, 2), f_invalidate(1, 1));
}

/// Nobody calls these, and the compiler says so.
mod unused {
    use cache_memoize::cache_memoize;

    #[cache_memoize]
    #[expect(dead_code)]
    fn with_companions(x: u8) -> u8 {
        x
    }

    #[cache_memoize(companions = false)]
    #[expect(dead_code, reason = "nobody calls it")]
    async fn without(x: u8) -> u8 {
        x
    }

    struct Type;

    impl Type {
        #[cache_memoize]
        #[expect(dead_code)]
        fn associated() -> u8 {
            1
        }
    }

    #[test]
    fn but_its_companions_may_be() {
        let _ = (with_companions_invalidate(1), Type::associated_invalidate());
    }
}

#[test]
fn expect_about_the_signature() {
    #[cache_memoize]
    #[expect(clippy::too_many_arguments, clippy::many_single_char_names, clippy::ptr_arg)]
    fn f(a: u8, b: u8, c: u8, d: u8, e: u8, g: u8, h: u8, i: &String) -> usize {
        ran();
        usize::from(a + b + c + d + e + g + h) + i.len()
    }
    let text = String::new();
    row!(
        f(1, 2, 3, 4, 5, 6, 7, &text),
        f(2, 2, 3, 4, 5, 6, 7, &text),
        f_invalidate(1, 2, 3, 4, 5, 6, 7, &text)
    );
}

#[test]
fn expect_in_a_method() {
    #[derive(Clone)]
    struct Here;
    impl Here {
        #[cache_memoize(skip(self))]
        #[expect(unused_variables)]
        fn f(&self, x: u8, unused: u8) -> u8 {
            ran();
            x
        }
        #[cache_memoize]
        #[expect(unused_mut, non_snake_case)]
        fn G(mut x: u8, Y: u8) -> Option<Self> {
            ran();
            let _ = (x, Y);
            None
        }
    }
    row!(Here.f(1, 1), Here.f(1, 2), Here::f_invalidate(1, 1));
    row!(Here::G(1, 1), Here::G(1, 2), Here::G_invalidate(1, 1));
}

#[test]
fn allow() {
    #[cache_memoize]
    #[allow(non_snake_case, unused_mut, unused_variables, unreachable_code)]
    fn camelCase(mut camelArgument: u8, unused: u8) -> u8 {
        ran();
        let mut never = 1;
        return camelArgument;
        never
    }
    row!(camelCase(1, 1), camelCase(1, 2), camelCase_invalidate(1, 1));
}

#[test]
fn inline_and_cold() {
    #[inline]
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        x
    }
    #[cache_memoize]
    #[inline(never)]
    #[cold]
    fn g(x: u8) -> u8 {
        ran();
        x
    }
    #[track_caller]
    #[cache_memoize]
    fn h(x: u8) -> u8 {
        ran();
        x
    }
    row!(f(1), f(2), f_invalidate(1));
    row!(g(1), g(2), g_invalidate(1));
    row!(h(1), h(2), h_invalidate(1));
}

#[test]
fn an_attribute_on_an_argument() {
    #[cache_memoize]
    fn f(#[allow(unused_variables)] x: u8, #[expect(unused_mut)] mut y: u8) -> u8 {
        ran();
        y
    }
    row!(f(1, 1), f(2, 1), f_invalidate(1, 1));
}
