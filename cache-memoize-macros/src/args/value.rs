//! From an expression to what an option means by it.

use proc_macro2::TokenStream;
use syn::{
    BinOp, Block, Expr, ExprClosure, ExprLit, Ident, Lit, LitFloat, LitInt, LitStr, Path, Stmt, UnOp,
    Visibility,
};

use super::options::Opt;
use super::{
    Backend, CacheErr, Callable, Capacity, Codec, CompanionsOption, Errors, Given, MaxWait, Prefix,
    SingleFlight, Ttl, Version,
};
use crate::duration;

/// A value as it was parsed, before the option has looked at it.
pub(super) enum Value {
    Expr(Expr),
    /// Of `skip(a, b)`.
    Names(Vec<Ident>),
    Visibility(Visibility),
}

/// One option as it was written.
pub(super) struct Raw {
    pub(super) option: &'static Opt,
    pub(super) name: Ident,
    pub(super) value: Value,
    pub(super) tokens: TokenStream,
}

impl Raw {
    /// Puts the value into its field, or reports why it cannot be one.
    pub(super) fn store<T: FromValue>(self, slot: &mut Option<Given<T>>, errors: &mut Errors) {
        let Self { option, name, value, tokens } = self;
        match T::from_value(value, &name) {
            Ok(value) => *slot = Some(Given { name, value, tokens }),
            Err(Refusal::Kind) => errors.push(&tokens, option.usage(&name.to_string())),
            Err(Refusal::Because(why)) => errors.push(&tokens, why),
        }
    }
}

/// Why a value cannot be taken.
pub(super) enum Refusal {
    /// It is not the kind of thing that the option takes; the option's row in the table says what is.
    Kind,
    Because(String),
}

/// A meaning that a value can have. `name` is the option's, for messages.
pub(super) trait FromValue: Sized {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal>;
}

impl Value {
    fn expr(self) -> Result<Expr, Refusal> {
        match self {
            Self::Expr(expr) => Ok(expr),
            Self::Names(_) | Self::Visibility(_) => Err(Refusal::Kind),
        }
    }
}

/// The expression without the parentheses, and without the invisible ones of a `macro_rules!` variable.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

fn literal(expr: &Expr) -> Option<&Lit> {
    match bare(expr) {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

fn is_negative_literal(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && literal(&unary.expr).is_some(),
        _ => false,
    }
}

fn is_word(expr: &Expr, word: &str) -> bool {
    matches!(bare(expr), Expr::Path(path) if path.path.is_ident(word))
}

/// The number, or the sum of numbers, with a type: `4_000_000_000` and `4 << 30` would be too much for the `i32` that the
/// compiler takes where nothing else is said. What has a type somewhere is left as it is.
fn sized(expr: Expr, name: &Ident) -> Result<Expr, Refusal> {
    let mut sized = expr.clone();
    let mut too_large = None;
    match suffix(&mut sized, &mut too_large) {
        true => match too_large {
            None => Ok(sized),
            Some(number) => Err(Refusal::Because(format!(
                "`{name}`: {number} is more than 64 bits hold; for no bound at all, {}",
                if name == "capacity" { "write `capacity = unbounded`" } else { "leave it out" }
            ))),
        },
        false => Ok(expr),
    }
}

/// Gives every literal of a sum the suffix `u64`; whether it is one of nothing but bare integers.
fn suffix(expr: &mut Expr, too_large: &mut Option<LitInt>) -> bool {
    match expr {
        Expr::Group(group) => suffix(&mut group.expr, too_large),
        Expr::Paren(paren) => suffix(&mut paren.expr, too_large),
        Expr::Block(block) if block.label.is_none() => suffix_block(&mut block.block, too_large),
        Expr::If(choice) => {
            let Some((_, otherwise)) = &mut choice.else_branch else { return false };
            suffix_block(&mut choice.then_branch, too_large) && suffix(otherwise, too_large)
        }
        Expr::Binary(binary) => {
            let is_sum = matches!(
                binary.op,
                BinOp::Add(_)
                    | BinOp::Sub(_)
                    | BinOp::Mul(_)
                    | BinOp::Div(_)
                    | BinOp::Rem(_)
                    | BinOp::Shl(_)
                    | BinOp::Shr(_)
                    | BinOp::BitOr(_)
                    | BinOp::BitAnd(_)
                    | BinOp::BitXor(_)
            );
            is_sum && suffix(&mut binary.left, too_large) && suffix(&mut binary.right, too_large)
        }
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.suffix().is_empty() => {
            if number.base10_parse::<u64>().is_err() {
                *too_large = Some(number.clone());
            }
            *number = LitInt::new(&format!("{number}u64"), number.span());
            true
        }
        _ => false,
    }
}

/// The same for what a block is worth.
fn suffix_block(block: &mut Block, too_large: &mut Option<LitInt>) -> bool {
    match block.stmts.last_mut() {
        Some(Stmt::Expr(expr, None)) => suffix(expr, too_large),
        _ => false,
    }
}

fn is_zero(number: &LitInt) -> bool {
    number.base10_digits() == "0"
}

impl FromValue for Ttl {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        if is_negative_literal(&expr) {
            return Err(Refusal::Because(format!(
                "`{name}` is negative: a lifetime is counted from the store onwards, so give a positive one"
            )));
        }
        match bare(&expr) {
            Expr::Closure(closure) => plain(closure, name).map(Self::Closure),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => lifetime_in(text, name),
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                whole_seconds(number, name)?;
                sized(expr, name).map(Self::Expr)
            }
            Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => Err(fractional(number, name)),
            Expr::Lit(_) => Err(Refusal::Kind),
            _ => sized(expr, name).map(Self::Expr),
        }
    }
}

fn lifetime_in(text: &LitStr, name: &Ident) -> Result<Ttl, Refusal> {
    let written = text.value();
    match duration::parse(&written) {
        Ok(duration) if duration.is_zero() => Err(zero(&format!("{written:?}"), name)),
        Ok(duration) => Ok(Ttl::Duration(duration)),
        Err(why) => Err(Refusal::Because(format!("`{name} = {written:?}`: {why}"))),
    }
}

fn whole_seconds(number: &LitInt, name: &Ident) -> Result<(), Refusal> {
    const SUFFIXES: &[&str] =
        &["", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];
    if !SUFFIXES.contains(&number.suffix()) {
        return Err(Refusal::Because(format!(
            "`{name} = {number}` needs quotes: write `{name} = \"{number}\"`"
        )));
    }
    match is_zero(number) {
        true => Err(zero(&number.to_string(), name)),
        false => Ok(()),
    }
}

fn zero(written: &str, name: &Ident) -> Refusal {
    let without = match name == "err_ttl" {
        true => "to give errors the lifetime of values",
        false => "for no expiry",
    };
    Refusal::Because(format!(
        "`{name} = {written}` would store nothing: leave `{name}` out {without}, or give a positive lifetime"
    ))
}

/// `1.5` has an exact spelling in milliseconds, as has every fraction that people write.
fn fractional(number: &LitFloat, name: &Ident) -> Refusal {
    let seconds: f64 = number.base10_parse().unwrap_or(1.5);
    let cure = format!("\"{}ms\"", (seconds * 1_000.0).round().max(1.0));
    Refusal::Because(format!(
        "`{name} = {number}`: a bare number is whole seconds; write `{name} = {cure}` for a fraction"
    ))
}

/// A closure that answers at once.
fn plain(closure: &ExprClosure, name: &Ident) -> Result<ExprClosure, Refusal> {
    match closure.asyncness {
        None if gives_future(closure) => Err(not_awaited(name)),
        None => Ok(closure.clone()),
        Some(_) => Err(not_awaited(name)),
    }
}

fn not_awaited(name: &Ident) -> Refusal {
    Refusal::Because(format!(
        "`{name}` is not awaited: take the `async` away and do without `.await` inside, or spawn a task"
    ))
}

/// `|x| async move { … }`
fn gives_future(closure: &ExprClosure) -> bool {
    match bare(&closure.body) {
        Expr::Async(_) => true,
        Expr::Block(block) => matches!(block.block.stmts.last(), Some(Stmt::Expr(Expr::Async(_), None))),
        _ => false,
    }
}

impl FromValue for MaxWait {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        if is_negative_literal(&expr) {
            return Err(Refusal::Because(format!("`{name}` is negative: give a positive time")));
        }
        match bare(&expr) {
            Expr::Closure(_) => Err(Refusal::Because(format!(
                "`{name}` is the same for all calls: give seconds, text such as `\"300ms\"` or a `Duration`, not a closure"
            ))),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                let written = text.value();
                match duration::parse(&written) {
                    Ok(duration) if duration.is_zero() => Err(no_wait(&format!("{written:?}"), name)),
                    Ok(duration) => Ok(Self::Duration(duration)),
                    Err(why) => Err(Refusal::Because(format!("`{name} = {written:?}`: {why}"))),
                }
            }
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if is_zero(number) => {
                Err(no_wait(&number.to_string(), name))
            }
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => {
                whole_seconds(number, name)?;
                sized(expr, name).map(Self::Expr)
            }
            Expr::Lit(ExprLit { lit: Lit::Float(number), .. }) => Err(fractional(number, name)),
            Expr::Lit(_) => Err(Refusal::Kind),
            _ => sized(expr, name).map(Self::Expr),
        }
    }
}

fn no_wait(written: &str, name: &Ident) -> Refusal {
    Refusal::Because(format!(
        "`{name} = {written}` would have nobody wait: write `single_flight = false` for that, or give a positive time"
    ))
}

impl FromValue for Callable {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        match bare(&value.expr()?) {
            Expr::Closure(closure) => plain(closure, name).map(Self::Closure),
            Expr::Path(path) => Ok(Self::Path(path.clone())),
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for CacheErr {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        match literal(&expr) {
            Some(Lit::Bool(yes)) if yes.value => Ok(Self::All),
            Some(Lit::Bool(_)) => Err(Refusal::Because(format!(
                "`{name} = false` is how it is anyway, only `Ok` is stored: leave it out"
            ))),
            _ => Callable::from_value(Value::Expr(expr), name).map(Self::If),
        }
    }
}

impl FromValue for Vec<Ident> {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        match value {
            Value::Names(names) => Ok(names),
            Value::Expr(_) | Value::Visibility(_) => Err(Refusal::Kind),
        }
    }
}

impl FromValue for Expr {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        match bare(&expr) {
            Self::Closure(_) => Err(Refusal::Because(format!(
                "`{name}` is an expression that sees the arguments by name, not a closure: drop the `|..|`"
            ))),
            _ => Ok(expr),
        }
    }
}

impl FromValue for Version {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        match literal(&value.expr()?) {
            Some(Lit::Int(number)) => Ok(Self::Number(number.clone())),
            Some(Lit::Str(text)) => Ok(Self::Text(text.clone())),
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for Prefix {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        match bare(&value.expr()?) {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(Self::Text(text.clone())),
            Expr::Path(path) => Ok(Self::Const(path.clone())),
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        match literal(&value.expr()?) {
            Some(Lit::Bool(flag)) => Ok(flag.value),
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for Capacity {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        if is_word(&expr, "unbounded") {
            return Ok(Self::Unbounded);
        }
        match literal(&expr) {
            Some(Lit::Int(number)) if is_zero(number) => Err(Refusal::Because(format!(
                "`{name} = {number}` would keep nothing: give a positive bound or `{name} = unbounded`"
            ))),
            Some(Lit::Int(_)) => sized(expr, name).map(Self::Expr),
            Some(_) => Err(Refusal::Kind),
            None if is_negative_literal(&expr) || matches!(bare(&expr), Expr::Closure(_)) => {
                Err(Refusal::Kind)
            }
            None => sized(expr, name).map(Self::Expr),
        }
    }
}

impl FromValue for Backend {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        match literal(&expr) {
            // Not quoted: there may be a password in it.
            Some(Lit::Str(text)) if text.value().contains("://") => Err(Refusal::Because(format!(
                "a string is the name of a registered backend, and this is a URL: write `{name} = \"fleet-cache\"` and \
                 `cache_memoize::register(\"fleet-cache\", Redis::open(url)?)` at start-up, or open it in a `static` \
                 (`LazyLock::new(|| Redis::open(url).expect(..))`) and name that"
            ))),
            Some(Lit::Str(registered)) => Ok(Self::Name(registered.clone())),
            Some(_) => Err(Refusal::Kind),
            None => Expr::from_value(Value::Expr(expr), name).map(Self::Expr),
        }
    }
}

impl FromValue for Codec {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        match bare(&expr) {
            Expr::Lit(_) | Expr::Closure(_) => Err(Refusal::Kind),
            _ => Ok(Self(expr)),
        }
    }
}

impl FromValue for SingleFlight {
    fn from_value(value: Value, name: &Ident) -> Result<Self, Refusal> {
        let expr = value.expr()?;
        match literal(&expr) {
            Some(Lit::Bool(flag)) if flag.value => Ok(Self::On),
            Some(Lit::Bool(_)) => Ok(Self::Off),
            Some(Lit::Str(text)) if text.value() == "fleet" => Ok(Self::Fleet),
            None if is_word(&expr, "fleet") => {
                Err(Refusal::Because(format!("`fleet` needs quotes: write `{name} = \"fleet\"`")))
            }
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for CompanionsOption {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        let expr = match value {
            Value::Visibility(visibility) => return Ok(Self::Visibility(visibility)),
            Value::Names(_) => return Err(Refusal::Kind),
            Value::Expr(expr) => expr,
        };
        match literal(&expr) {
            Some(Lit::Bool(flag)) if flag.value => Ok(Self::On),
            Some(Lit::Bool(_)) => Ok(Self::Off),
            _ => Err(Refusal::Kind),
        }
    }
}

impl FromValue for Path {
    fn from_value(value: Value, _: &Ident) -> Result<Self, Refusal> {
        match bare(&value.expr()?) {
            Expr::Path(path) if path.qself.is_none() => Ok(path.path.clone()),
            _ => Err(Refusal::Kind),
        }
    }
}
