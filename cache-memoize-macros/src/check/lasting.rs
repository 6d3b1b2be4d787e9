//! `backend = …` is evaluated at every call, so what is made in it is made anew at every call.

use syn::{Block, Expr, ExprPath, Stmt};

use crate::args::{Args, Backend, Given};
use crate::diag::Errors;

/// The types that are backends, how one is called, and what a new one is.
const BACKENDS: &[(&str, &str)] = &[
    ("Memory", "a new and empty `Memory`"),
    ("Redis", "a new `Redis`, with connections and statistics of its own,"),
    ("Shared", "a new `Shared`, with connections and statistics of its own,"),
];

/// Functions of those types that make one.
const MAKERS: &[&str] = &["new", "open", "builder", "default", "from", "try_from"];

/// What a value is put into.
const WRAPPERS: &[&str] = &["Arc", "Rc", "Box", "Some", "Ok", "Into", "From", "Shared"];

/// Looks for a backend that lasts no longer than a call.
pub(super) fn check(args: &Args, errors: &mut Errors) {
    let Some(Given { value: Backend::Expr(backend), .. }) = &args.backend else { return };
    let Some((ty, what)) = made(backend) else { return };
    let cure = match ty {
        "Memory" => "keep one in a `static` (`LazyLock<Memory>`) or in a field, and name that",
        "Redis" => {
            "open it once, `static REDIS: LazyLock<Redis> = LazyLock::new(|| Redis::open(..).expect(..))`, and name that"
        }
        _ => "keep one in a `static` (`LazyLock<Shared>`) or in a field, and name that",
    };
    errors.push(backend, format!("this is {what} at every call: {cure}"));
}

/// The type of the backend that `expr` makes.
fn made(expr: &Expr) -> Option<(&'static str, &'static str)> {
    match expr {
        Expr::Reference(reference) => made(&reference.expr),
        Expr::Paren(paren) => made(&paren.expr),
        Expr::Group(group) => made(&group.expr),
        Expr::Unary(unary) => made(&unary.expr),
        Expr::Cast(cast) => made(&cast.expr),
        Expr::Try(tried) => made(&tried.expr),
        Expr::Await(awaited) => made(&awaited.base),
        Expr::MethodCall(call) => made(&call.receiver),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => made_by(path).or_else(|| {
                let mut inner = call.args.iter().filter(|_| wraps(path));
                inner.find_map(made)
            }),
            _ => None,
        },
        Expr::Block(block) => made_in(&block.block),
        Expr::Unsafe(block) => made_in(&block.block),
        Expr::If(either) => made_in(&either.then_branch)
            .or_else(|| either.else_branch.as_ref().and_then(|(_, other)| made(other))),
        Expr::Match(choice) => choice.arms.iter().find_map(|arm| made(&arm.body)),
        _ => None,
    }
}

/// In a block, also by a `let`.
fn made_in(block: &Block) -> Option<(&'static str, &'static str)> {
    block.stmts.iter().find_map(|statement| match statement {
        Stmt::Local(local) => local.init.as_ref().and_then(|init| made(&init.expr)),
        Stmt::Expr(expr, None) => made(expr),
        _ => None,
    })
}

/// `Redis::open`, `cache_memoize::Memory::new`, `<Memory>::new`, `Memory::<..>::default`
fn made_by(path: &ExprPath) -> Option<(&'static str, &'static str)> {
    let mut last = path.path.segments.iter().rev();
    let maker = last.next()?;
    if !MAKERS.iter().any(|name| maker.ident == name) {
        return None;
    }
    let ty = match (last.next(), &path.qself) {
        (Some(segment), _) => segment.ident.to_string(),
        (None, Some(own)) => match &*own.ty {
            syn::Type::Path(ty) => ty.path.segments.last()?.ident.to_string(),
            _ => return None,
        },
        (None, None) => return None,
    };
    let known = BACKENDS.iter().find(|(name, _)| ty == *name)?;
    Some(*known)
}

/// Whether the call keeps in its result what it is given.
fn wraps(path: &ExprPath) -> bool {
    let segments = path.path.segments.iter().rev().take(2);
    segments.into_iter().any(|segment| WRAPPERS.iter().any(|name| segment.ident == name))
}
