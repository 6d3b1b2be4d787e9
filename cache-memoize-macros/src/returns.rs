//! What a return type says about itself: does it borrow, is it `impl Trait`, is it `!`?

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    BoundLifetimes, GenericArgument, GenericParam, Ident, Lifetime, NamedArg, Path, PathArguments,
    PathSegment, ReturnType, Type, TypeParamBound,
};

use crate::diag::Errors;
use crate::scan;

/// Reports what keeps the results of `function` from being stored, once for each reason.
pub(crate) fn check(function: &Ident, output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else { return };
    if scan::count(ty.to_token_stream(), "async_trait") > 0 {
        // What is wrong there is said of the whole function.
        return;
    }
    if let Type::Never(never) = peeled(ty) {
        errors.push(never, format!("`{function}` never returns, so there is nothing to store"));
    }
    let mut found = Found::default();
    found.in_type(ty, &Scope::default());
    if let Some(opaque) = found.opaque {
        errors.push(
            opaque,
            format!("an entry of `{function}` needs a type with a name: return a `Vec` or an `Arc<dyn ..>`, or write `async fn` for a future"),
        );
    }
    if let Some(borrow) = found.borrow {
        errors.push(
            &borrow.tokens,
            format!("an entry outlives the call, so `{function}` cannot return a borrow: {}", borrow.cure),
        );
    }
}

/// Whether what lives as long as a `ty` may borrow from a caller. What is behind references counts, they themselves do
/// not.
pub(crate) fn borrows(ty: &Type) -> bool {
    match peeled(ty) {
        Type::Reference(reference) => borrows(&reference.elem),
        other => {
            let mut found = Found::default();
            found.in_type(other, &Scope::default());
            found.borrow.is_some()
        }
    }
}

/// The type without parentheses, visible or not.
pub(crate) fn peeled(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peeled(&group.elem),
        Type::Paren(paren) => peeled(&paren.elem),
        other => other,
    }
}

/// The first of each kind.
#[derive(Default)]
struct Found {
    borrow: Option<Borrow>,
    opaque: Option<TokenStream>,
}

struct Borrow {
    tokens: TokenStream,
    cure: &'static str,
}

/// The lifetimes that belong to the type itself and so borrow from nobody.
#[derive(Default, Clone)]
struct Scope {
    /// Those of `for<'a>`.
    bound: Vec<Ident>,
    /// In the arguments of `fn(&str)` and `Fn(&str)` a lifetime without a name belongs to the call.
    elided: bool,
}

impl Scope {
    fn with(&self, lifetimes: Option<&BoundLifetimes>) -> Self {
        let mut scope = self.clone();
        for parameter in lifetimes.iter().flat_map(|bound| &bound.lifetimes) {
            if let GenericParam::Lifetime(parameter) = parameter {
                scope.bound.push(parameter.lifetime.ident.clone());
            }
        }
        scope
    }

    fn in_call(self) -> Self {
        Self { elided: true, ..self }
    }

    fn borrows(&self, lifetime: Option<&Lifetime>) -> bool {
        match lifetime {
            None => !self.elided,
            Some(lifetime) if lifetime.ident == "_" => !self.elided,
            Some(lifetime) => lifetime.ident != "static" && !self.bound.contains(&lifetime.ident),
        }
    }
}

impl Found {
    fn in_type(&mut self, ty: &Type, scope: &Scope) {
        match ty {
            Type::Array(array) => self.in_type(&array.elem, scope),
            Type::Slice(slice) => self.in_type(&slice.elem, scope),
            Type::Ptr(pointer) => self.in_type(&pointer.elem, scope),
            Type::Group(group) => self.in_type(&group.elem, scope),
            Type::Paren(paren) => self.in_type(&paren.elem, scope),
            Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| self.in_type(elem, scope)),
            Type::Reference(reference) => {
                if scope.borrows(reference.lifetime.as_ref()) {
                    self.borrow(reference, owned_form(&reference.elem));
                }
                self.in_type(&reference.elem, scope);
            }
            Type::FnPtr(pointer) => {
                let scope = scope.with(pointer.lifetimes.as_ref()).in_call();
                self.in_call(&pointer.inputs, &pointer.output, &scope);
            }
            Type::ImplTrait(opaque) => {
                self.opaque.get_or_insert_with(|| opaque.to_token_stream());
            }
            Type::TraitObject(object) => self.in_bounds(&object.bounds, scope),
            Type::Path(path) => {
                path.qself.iter().for_each(|own| self.in_type(&own.ty, scope));
                self.in_path(&path.path, scope);
            }
            // A macro, `!`, `_`, or syntax that is newer than this crate: the types will tell.
            _ => {}
        }
    }

    fn in_path(&mut self, path: &Path, scope: &Scope) {
        for segment in &path.segments {
            self.in_elided(segment, scope);
            match &segment.arguments {
                PathArguments::None => {}
                PathArguments::AngleBracketed(list) => {
                    list.args.iter().for_each(|argument| self.in_argument(argument, scope));
                }
                PathArguments::Parenthesized(call) => {
                    self.in_call(&call.inputs, &call.output, &scope.clone().in_call());
                }
            }
        }
    }

    /// `Cow<str>`, `MutexGuard<T>`: types of the standard library whose lifetime may be left out.
    fn in_elided(&mut self, segment: &PathSegment, scope: &Scope) {
        const LEFT_OUT: &[&str] = &["Cow", "MutexGuard", "RwLockReadGuard", "RwLockWriteGuard"];
        let PathArguments::AngleBracketed(list) = &segment.arguments else { return };
        let has_lifetime = matches!(list.args.first(), Some(GenericArgument::Lifetime(_)));
        if !has_lifetime && !scope.elided && LEFT_OUT.iter().any(|name| segment.ident == name) {
            self.borrow(segment, "return a type that owns its data, or one that is `'static`");
        }
    }

    fn in_argument(&mut self, argument: &GenericArgument, scope: &Scope) {
        match argument {
            GenericArgument::Lifetime(lifetime) => self.in_lifetime(lifetime, scope),
            GenericArgument::Type(ty) => self.in_type(ty, scope),
            GenericArgument::AssocType(equality) => self.in_type(&equality.ty, scope),
            GenericArgument::Constraint(constraint) => self.in_bounds(&constraint.bounds, scope),
            _ => {}
        }
    }

    fn in_call<'a>(
        &mut self,
        inputs: impl IntoIterator<Item = &'a NamedArg>,
        output: &ReturnType,
        scope: &Scope,
    ) {
        inputs.into_iter().for_each(|input| self.in_type(&input.ty, scope));
        if let ReturnType::Type(_, ty) = output {
            self.in_type(ty, scope);
        }
    }

    fn in_bounds<'a>(&mut self, bounds: impl IntoIterator<Item = &'a TypeParamBound>, scope: &Scope) {
        for bound in bounds {
            match bound {
                TypeParamBound::Trait(bound) => {
                    self.in_path(&bound.path, &scope.with(bound.lifetimes.as_ref()))
                }
                TypeParamBound::Lifetime(lifetime) => self.in_lifetime(lifetime, scope),
                _ => {}
            }
        }
    }

    fn in_lifetime(&mut self, lifetime: &Lifetime, scope: &Scope) {
        if scope.borrows(Some(lifetime)) {
            self.borrow(lifetime, "return a type that owns its data, or one that is `'static`");
        }
    }

    fn borrow(&mut self, at: impl ToTokens, cure: &'static str) {
        self.borrow.get_or_insert_with(|| Borrow { tokens: at.into_token_stream(), cure });
    }
}

/// What to return instead of a reference to this.
fn owned_form(referent: &Type) -> &'static str {
    match peeled(referent) {
        Type::Path(path) if path.path.is_ident("str") => "return a `String` or an `Arc<str>`",
        Type::Slice(_) => "return a `Vec` or an `Arc<[..]>`",
        _ => "return an owned value or an `Arc`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn complaints(output: ReturnType) -> Vec<String> {
        let mut errors = Errors::default();
        check(&parse_quote!(f), &output, &mut errors);
        errors.messages()
    }

    #[test]
    fn borrows_are_found_at_any_depth() {
        let outputs: [ReturnType; 12] = [
            parse_quote!(-> &str),
            parse_quote!(-> &'a [u8]),
            parse_quote!(-> Option<&T>),
            parse_quote!(-> Result<Vec<Cow<'_, str>>, E>),
            parse_quote!(-> (u8, [&u8; 2])),
            parse_quote!(-> Box<dyn Fn() + 'a>),
            parse_quote!(-> Box<dyn Iterator<Item = &'a u8>>),
            parse_quote!(-> <&'a T as Trait>::Out),
            parse_quote!(-> fn(&'a str)),
            parse_quote!(-> Box<dyn for<'b> Fn(&'b str, &'a str)>),
            parse_quote!(-> &'static Cow<'a, str>),
            parse_quote!(-> (&u8)),
        ];
        for output in outputs {
            let found = complaints(output.clone());
            assert_eq!(found.len(), 1, "{}", output.to_token_stream());
            assert!(found[0].contains("cannot return a borrow"), "{found:?}");
        }
    }

    #[test]
    fn types_that_own_everything_pass() {
        let outputs: [ReturnType; 9] = [
            parse_quote!(),
            parse_quote!(-> Vec<u8>),
            parse_quote!(-> &'static str),
            parse_quote!(-> Cow<'static, [&'static str]>),
            parse_quote!(-> fn(&str) -> &str),
            parse_quote!(-> for<'b> fn(&'b str) -> Cow<'b, str>),
            parse_quote!(-> Arc<dyn Fn(&str, Cow<'_, str>) -> &str + Send + 'static>),
            parse_quote!(-> Arc<dyn for<'b> Visitor<'b>>),
            parse_quote!(-> io::Result<[u8; 4]>),
        ];
        for output in outputs {
            assert_eq!(complaints(output.clone()), Vec::<String>::new(), "{}", output.to_token_stream());
        }
    }

    #[test]
    fn the_cure_fits_the_type() {
        assert!(complaints(parse_quote!(-> &str))[0].contains("`String`"));
        assert!(complaints(parse_quote!(-> &[u8]))[0].contains("`Vec`"));
    }

    #[test]
    fn opaque_and_never_types_are_found() {
        assert!(complaints(parse_quote!(-> Option<impl Copy>))[0].contains("type with a name"));
        assert!(complaints(parse_quote!(-> !))[0].contains("never returns"));
        assert_eq!(complaints(parse_quote!(-> (impl Copy, &u8))).len(), 2);
    }
}
