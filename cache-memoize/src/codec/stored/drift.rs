//! Tests of drift: two releases of a program have types of the same name and of another shape. Neither must read an
//! entry of the other as a wrong value.
//!
//! Types of two blocks of one function have the same `type_name`, as those of two releases have.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::*;

/// A day, as date libraries write it: it rejects every text that is no date.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Date(u32);

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let day = text.strip_prefix("day ").and_then(|day| day.parse().ok());
        day.map(Self).ok_or("it is no date")
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        format!("day {}", date.0)
    }
}

/// A number that is written as a text for people, and as bytes for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Uuid(u64);

impl Serialize for Uuid {
    fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&format_args!("{:016x}", self.0)),
            false => serializer.serialize_bytes(&self.0.to_be_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde_core::de::Visitor<'_> for Visitor {
            type Value = Uuid;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a UUID")
            }

            fn visit_str<E: serde_core::de::Error>(self, text: &str) -> Result<Uuid, E> {
                u64::from_str_radix(text, 16).map(Uuid).map_err(E::custom)
            }

            fn visit_bytes<E: serde_core::de::Error>(self, bytes: &[u8]) -> Result<Uuid, E> {
                let bytes = bytes.try_into().map_err(E::custom)?;
                Ok(Uuid(u64::from_be_bytes(bytes)))
            }
        }

        match deserializer.is_human_readable() {
            true => deserializer.deserialize_str(Visitor),
            false => deserializer.deserialize_bytes(Visitor),
        }
    }
}

/// An entry that a release stored: a fingerprint, the bytes of a format without names and of one with, and the names
/// that the value writes. (Not made by `write`, which is compiled for every codec: that takes minutes for so many
/// types. `faults/drift.rs` tests the whole way for some.)
struct Entry {
    hash: u64,
    by_position: Vec<u8>,
    by_name: Vec<u8>,
    names: [Option<u64>; 2],
}

/// The names that the value writes, for machines and for people.
fn names<T: Serialize>(value: &T) -> [Option<u64>; 2] {
    [false, true].map(|is_readable| Written::of(value, is_readable).map(|written| written.names))
}

fn entry<T: Serialize + DeserializeOwned>(value: &T) -> Entry {
    // `untagged` and `flatten` have no form without names.
    let by_position = postcard::to_allocvec(value).unwrap_or_default();
    let by_name = serde_json::to_vec(value).expect("JSON has a form for it");
    Entry { hash: Fingerprint::of::<T>().hash, by_position, by_name, names: names(value) }
}

/// Whether another release takes the entry for a value of its own, other than the one that was stored: by position, and
/// by name.
fn is_mistaken<T: Serialize + DeserializeOwned>(entry: &Entry) -> [bool; 2] {
    if Fingerprint::of::<T>().hash != entry.hash {
        return [false; 2];
    }
    let mistaken = |value: Option<T>, form: usize| {
        // A map is in another order each time, so bytes are compared without.
        let sorted = |mut bytes: Vec<u8>| {
            bytes.sort_unstable();
            bytes
        };
        value.is_some_and(|value| {
            let text = serde_json::to_vec(&value).expect("JSON has a form for it");
            names(&value)[form] == entry.names[form] && sorted(text) != sorted(entry.by_name.clone())
        })
    };
    let by_position = mistaken(postcard::from_bytes(&entry.by_position).ok(), 0);
    [by_position, mistaken(serde_json::from_slice(&entry.by_name).ok(), 1)]
}

// `name: Root = value; { old types } { new types }`, where the value is of the old ones.
macro_rules! drift {
    ($($name:ident: $root:ty = $value:expr; {$($old:item)*} {$($new:item)*})*) => {$(
        #[test]
        fn $name() {
            let entry = {
                $(
                    #[derive(PartialEq, Eq, Hash, Serialize, Deserialize)]
                    #[allow(dead_code, reason = "not all variants are made")]
                    $old
                )*
                let value: $root = $value;
                entry::<$root>(&value)
            };
            let mistaken = {
                $(
                    #[derive(PartialEq, Eq, Hash, Serialize, Deserialize)]
                    #[allow(dead_code, reason = "read, never made")]
                    $new
                )*
                is_mistaken::<$root>(&entry)
            };
            assert_eq!(mistaken, [false, false]);
        }
    )*};
}

drift! {
    a_map_by_date: BTreeMap<Date, P> = [(Date(1), P { low: 1, high: 9 })].into();
        { struct P { low: u32, high: u32 } }
        { struct P { high: u32, low: u32 } }

    a_map_by_uuid: HashMap<Uuid, P> = [(Uuid(1), P { low: 1, high: 9 }), (Uuid(2), P { low: 2, high: 3 })].into();
        { struct P { low: u32, high: u32 } }
        { struct P { high: u32, low: u32 } }

    a_map_of_an_enum: BTreeMap<Uuid, S> = [(Uuid(1), S::Closed)].into();
        { enum S { Open, Closed } }
        { enum S { Pending, Open, Closed } }

    a_map_of_an_enum_reordered: HashMap<Date, S> = [(Date(1), S::Closed), (Date(2), S::Open)].into();
        { enum S { Open, Closed } }
        { enum S { Closed, Open } }

    a_map_in_a_struct: T = T { id: 1, map: [(Date(3), P { low: 1, high: 9 })].into() };
        { struct P { low: u32, high: u32 } struct T { id: u8, map: BTreeMap<Date, P> } }
        { struct P { high: u32, low: u32 } struct T { id: u8, map: BTreeMap<Date, P> } }

    pairs_by_date: Vec<(Date, P)> = vec![(Date(1), P { low: 1, high: 9 })];
        { struct P { low: u32, high: u32 } }
        { struct P { high: u32, low: u32 } }

    pairs_by_uuid_in_an_option: Option<(Uuid, P)> = Some((Uuid(1), P { low: 1, high: 9 }));
        { struct P { low: u32, high: u32 } }
        { struct P { high: u32, low: u32 } }

    pairs_of_an_enum: Vec<(Date, S)> = vec![(Date(1), S::Open), (Date(2), S::Closed)];
        { enum S { Open, Closed } }
        { enum S { Closed, Open } }

    a_set_of_pairs: HashSet<(Date, S)> = [(Date(1), S::Open), (Date(2), S::Closed)].into();
        { enum S { Open, Closed } }
        { enum S { Closed, Open } }

    a_map_of_pairs: BTreeMap<u8, (Date, S)> = [(1, (Date(1), S::Open)), (2, (Date(1), S::Closed))].into();
        { enum S { Open, Closed } }
        { enum S { Closed, Open } }

    a_tuple_struct: T = T(Date(1), P { low: 1, high: 9 });
        { struct P { low: u32, high: u32 } struct T(Date, P); }
        { struct P { high: u32, low: u32 } struct T(Date, P); }

    a_tuple_variant: T = T::At(Date(1), P { low: 1, high: 9 });
        { struct P { low: u32, high: u32 } enum T { Never, At(Date, P) } }
        { struct P { high: u32, low: u32 } enum T { Never, At(Date, P) } }

    a_tuple_of_structs: (N, P) = (N { name: "n".into() }, P { low: 1, high: 9 });
        { struct P { low: u32, high: u32 } struct N { name: String } }
        { struct P { high: u32, low: u32 } struct N { name: String } }

    a_tuple_after_an_id: Vec<(Id, P)> = vec![(Id(7), P { low: 1, high: 9 })];
        { struct P { low: u32, high: u32 } struct Id(u64); }
        { struct P { high: u32, low: u32 } struct Id(u64); }

    a_tuple_after_a_collection: (Vec<P>, String, P) = (vec![], "x".into(), P { low: 1, high: 9 });
        { struct P { low: u32, high: u32 } }
        { struct P { high: u32, low: u32 } }

    a_sign_after_a_date: T = T(Date(1), 4);
        { struct T(Date, u32); }
        { struct T(Date, i32); }

    a_width_after_a_date: T = T(Date(1), 4);
        { struct T(Date, u8); }
        { struct T(Date, u16); }

    a_field_more: BTreeMap<Date, P> = [(Date(1), P { low: 1, high: 9 })].into();
        { struct P { low: u32, high: u32 } }
        { struct P { low: u32, high: u32, #[serde(default)] more: u8 } }

    a_field_more_after_a_date: Vec<(Date, P)> = vec![(Date(1), P { low: 1, high: 9 })];
        { struct P { low: u32, high: u32 } }
        { struct P { low: u32, high: u32, #[serde(default)] more: u8 } }

    a_field_renamed_after_a_date: Vec<(Date, P)> = vec![(Date(1), P { low: 1, high: 9 })];
        { struct P { low: u32, high: u32 } }
        { struct P { low: u32, #[serde(alias = "high")] top: u32 } }

    deep_below: T = T { l: vec![Some([(Uuid(1), (Date(2), vec![P { low: 1, high: 9 }]))].into())] };
        { struct P { low: u32, high: u32 } struct T { l: Vec<Option<BTreeMap<Uuid, (Date, Vec<P>)>>> } }
        { struct P { high: u32, low: u32 } struct T { l: Vec<Option<BTreeMap<Uuid, (Date, Vec<P>)>>> } }

    a_tree_by_date: T = T { p: P { low: 1, high: 9 }, children: vec![(Date(1), T { p: P { low: 1, high: 9 }, children: vec![] })] };
        { struct P { low: u32, high: u32 } struct T { children: Vec<(Date, T)>, p: P } }
        { struct P { high: u32, low: u32 } struct T { children: Vec<(Date, T)>, p: P } }

    a_newtype_renamed_after_a_date: (Date, Meters) = (Date(1), Meters(3));
        { struct Meters(u8); }
        { #[serde(rename = "Feet")] struct Meters(u8); }

    payload_after_a_date: (Date, S) = (Date(1), S::A(1, 2));
        { enum S { A(u8, u8) } }
        { enum S { A(u8, i8) } }

    behind_untagged: T = T { a: E::A(7) };
        { struct T { a: E } #[serde(untagged)] enum E { A(u32), B(String) } }
        { struct T { a: E } #[serde(untagged)] enum E { F(i64), A(u32), B(String) } }

    behind_flatten: T = T { a: 1, rest: I { b: 2 } };
        { struct T { a: u8, #[serde(flatten)] rest: I } struct I { b: u8 } }
        { struct T { a: u8, #[serde(flatten)] rest: I } struct I { b: u8, #[serde(default)] c: u8 } }

    behind_a_tag: Vec<T> = vec![T::A { b: 2 }];
        { #[serde(tag = "t")] enum T { A { b: u8 } } }
        { #[serde(tag = "t")] enum T { A { #[serde(alias = "b")] c: u8 } } }

    a_large_enum_beside_others: T = T { ship: Addr { country: Country::C3, to: 1 }, bill: Addr { country: Country::C248, to: 1 }, from: Country::C100, e: Ev::E30 { from: 1, to: 2 } };
        { enum Country { C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C25, C26, C27, C28, C29, C30, C31, C32, C33, C34, C35, C36, C37, C38, C39, C40, C41, C42, C43, C44, C45, C46, C47, C48, C49, C50, C51, C52, C53, C54, C55, C56, C57, C58, C59, C60, C61, C62, C63, C64, C65, C66, C67, C68, C69, C70, C71, C72, C73, C74, C75, C76, C77, C78, C79, C80, C81, C82, C83, C84, C85, C86, C87, C88, C89, C90, C91, C92, C93, C94, C95, C96, C97, C98, C99, C100, C101, C102, C103, C104, C105, C106, C107, C108, C109, C110, C111, C112, C113, C114, C115, C116, C117, C118, C119, C120, C121, C122, C123, C124, C125, C126, C127, C128, C129, C130, C131, C132, C133, C134, C135, C136, C137, C138, C139, C140, C141, C142, C143, C144, C145, C146, C147, C148, C149, C150, C151, C152, C153, C154, C155, C156, C157, C158, C159, C160, C161, C162, C163, C164, C165, C166, C167, C168, C169, C170, C171, C172, C173, C174, C175, C176, C177, C178, C179, C180, C181, C182, C183, C184, C185, C186, C187, C188, C189, C190, C191, C192, C193, C194, C195, C196, C197, C198, C199, C200, C201, C202, C203, C204, C205, C206, C207, C208, C209, C210, C211, C212, C213, C214, C215, C216, C217, C218, C219, C220, C221, C222, C223, C224, C225, C226, C227, C228, C229, C230, C231, C232, C233, C234, C235, C236, C237, C238, C239, C240, C241, C242, C243, C244, C245, C246, C247, C248 } struct Addr { country: Country, to: u8 } struct T { ship: Addr, bill: Addr, from: Country, e: Ev } enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, } }
        { enum Country { C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C25, C26, C27, C28, C29, C30, C31, C32, C33, C34, C35, C36, C37, C38, C39, C40, C41, C42, C43, C44, C45, C46, C47, C48, C49, C50, C51, C52, C53, C54, C55, C56, C57, C58, C59, C60, C61, C62, C63, C64, C65, C66, C67, C68, C69, C70, C71, C72, C73, C74, C75, C76, C77, C78, C79, C80, C81, C82, C83, C84, C85, C86, C87, C88, C89, C90, C91, C92, C93, C94, C95, C96, C97, C98, C99, C100, C101, C102, C103, C104, C105, C106, C107, C108, C109, C110, C111, C112, C113, C114, C115, C116, C117, C118, C119, C120, C121, C122, C123, C124, C125, C126, C127, C128, C129, C130, C131, C132, C133, C134, C135, C136, C137, C138, C139, C140, C141, C142, C143, C144, C145, C146, C147, C148, C149, C150, C151, C152, C153, C154, C155, C156, C157, C158, C159, C160, C161, C162, C163, C164, C165, C166, C167, C168, C169, C170, C171, C172, C173, C174, C175, C176, C177, C178, C179, C180, C181, C182, C183, C184, C185, C186, C187, C188, C189, C190, C191, C192, C193, C194, C195, C196, C197, C198, C199, C200, C201, C202, C203, C204, C205, C206, C207, C208, C209, C210, C211, C212, C213, C214, C215, C216, C217, C218, C219, C220, C221, C222, C223, C224, C225, C226, C227, C228, C229, C230, C231, C232, C233, C234, C235, C236, C237, C238, C239, C240, C241, C242, C243, C244, C245, C246, C247, C248 } struct Addr { country: Country, to: u8 } struct T { ship: Addr, bill: Addr, from: Country, e: Ev } enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { to: u32, from: u32 }, E31, } }

    three_large_enums: T = T(Country::C5, Currency::M9, Ev::E55 { from: 1, to: 2 });
        { enum Country { C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C25, C26, C27, C28, C29, C30, C31, C32, C33, C34, C35, C36, C37, C38, C39, C40, C41, C42, C43, C44, C45, C46, C47, C48, C49, C50, C51, C52, C53, C54, C55, C56, C57, C58, C59, C60, C61, C62, C63, C64, C65, C66, C67, C68, C69, C70, C71, C72, C73, C74, C75, C76, C77, C78, C79, C80, C81, C82, C83, C84, C85, C86, C87, C88, C89, C90, C91, C92, C93, C94, C95, C96, C97, C98, C99, C100, C101, C102, C103, C104, C105, C106, C107, C108, C109, C110, C111, C112, C113, C114, C115, C116, C117, C118, C119, C120, C121, C122, C123, C124, C125, C126, C127, C128, C129, C130, C131, C132, C133, C134, C135, C136, C137, C138, C139, C140, C141, C142, C143, C144, C145, C146, C147, C148, C149, C150, C151, C152, C153, C154, C155, C156, C157, C158, C159, C160, C161, C162, C163, C164, C165, C166, C167, C168, C169, C170, C171, C172, C173, C174, C175, C176, C177, C178, C179, C180, C181, C182, C183, C184, C185, C186, C187, C188, C189, C190, C191, C192, C193, C194, C195, C196, C197, C198, C199, C200, C201, C202, C203, C204, C205, C206, C207, C208, C209, C210, C211, C212, C213, C214, C215, C216, C217, C218, C219, C220, C221, C222, C223, C224, C225, C226, C227, C228, C229, C230, C231, C232, C233, C234, C235, C236, C237, C238, C239, C240, C241, C242, C243, C244, C245, C246, C247, C248 } enum Currency { M0, M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12, M13, M14, M15, M16, M17, M18, M19, M20, M21, M22, M23, M24, M25, M26, M27, M28, M29, M30, M31, M32, M33, M34, M35, M36, M37, M38, M39, M40, M41, M42, M43, M44, M45, M46, M47, M48, M49, M50, M51, M52, M53, M54, M55, M56, M57, M58, M59, M60, M61, M62, M63, M64, M65, M66, M67, M68, M69, M70, M71, M72, M73, M74, M75, M76, M77, M78, M79, M80, M81, M82, M83, M84, M85, M86, M87, M88, M89, M90, M91, M92, M93, M94, M95, M96, M97, M98, M99, M100, M101, M102, M103, M104, M105, M106, M107, M108, M109, M110, M111, M112, M113, M114, M115, M116, M117, M118, M119, M120, M121, M122, M123, M124, M125, M126, M127, M128, M129, M130, M131, M132, M133, M134, M135, M136, M137, M138, M139, M140, M141, M142, M143, M144, M145, M146, M147, M148, M149, M150, M151, M152, M153, M154, M155, M156, M157, M158, M159 } struct T(Country, Currency, Ev); enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { from: u32, to: u32 }, E56, E57, E58, E59, } }
        { enum Country { C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21, C22, C23, C24, C25, C26, C27, C28, C29, C30, C31, C32, C33, C34, C35, C36, C37, C38, C39, C40, C41, C42, C43, C44, C45, C46, C47, C48, C49, C50, C51, C52, C53, C54, C55, C56, C57, C58, C59, C60, C61, C62, C63, C64, C65, C66, C67, C68, C69, C70, C71, C72, C73, C74, C75, C76, C77, C78, C79, C80, C81, C82, C83, C84, C85, C86, C87, C88, C89, C90, C91, C92, C93, C94, C95, C96, C97, C98, C99, C100, C101, C102, C103, C104, C105, C106, C107, C108, C109, C110, C111, C112, C113, C114, C115, C116, C117, C118, C119, C120, C121, C122, C123, C124, C125, C126, C127, C128, C129, C130, C131, C132, C133, C134, C135, C136, C137, C138, C139, C140, C141, C142, C143, C144, C145, C146, C147, C148, C149, C150, C151, C152, C153, C154, C155, C156, C157, C158, C159, C160, C161, C162, C163, C164, C165, C166, C167, C168, C169, C170, C171, C172, C173, C174, C175, C176, C177, C178, C179, C180, C181, C182, C183, C184, C185, C186, C187, C188, C189, C190, C191, C192, C193, C194, C195, C196, C197, C198, C199, C200, C201, C202, C203, C204, C205, C206, C207, C208, C209, C210, C211, C212, C213, C214, C215, C216, C217, C218, C219, C220, C221, C222, C223, C224, C225, C226, C227, C228, C229, C230, C231, C232, C233, C234, C235, C236, C237, C238, C239, C240, C241, C242, C243, C244, C245, C246, C247, C248 } enum Currency { M0, M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12, M13, M14, M15, M16, M17, M18, M19, M20, M21, M22, M23, M24, M25, M26, M27, M28, M29, M30, M31, M32, M33, M34, M35, M36, M37, M38, M39, M40, M41, M42, M43, M44, M45, M46, M47, M48, M49, M50, M51, M52, M53, M54, M55, M56, M57, M58, M59, M60, M61, M62, M63, M64, M65, M66, M67, M68, M69, M70, M71, M72, M73, M74, M75, M76, M77, M78, M79, M80, M81, M82, M83, M84, M85, M86, M87, M88, M89, M90, M91, M92, M93, M94, M95, M96, M97, M98, M99, M100, M101, M102, M103, M104, M105, M106, M107, M108, M109, M110, M111, M112, M113, M114, M115, M116, M117, M118, M119, M120, M121, M122, M123, M124, M125, M126, M127, M128, M129, M130, M131, M132, M133, M134, M135, M136, M137, M138, M139, M140, M141, M142, M143, M144, M145, M146, M147, M148, M149, M150, M151, M152, M153, M154, M155, M156, M157, M158, M159 } struct T(Country, Currency, Ev); enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { to: u32, from: u32 }, E56, E57, E58, E59, } }

    variant_two_hundred: Option<Vec<BTreeMap<u8, Ev>>> = Some(vec![[(1, Ev::E200 { from: 1, to: 2 })].into()]);
        { enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { from: u32, to: u32 }, E56, E57, E58, E59, E60, E61, E62, E63, E64, E65, E66, E67, E68, E69, E70, E71, E72, E73, E74, E75, E76, E77, E78, E79, E80, E81, E82, E83, E84, E85, E86, E87, E88, E89, E90, E91, E92, E93, E94, E95, E96, E97, E98, E99, E100, E101, E102, E103, E104, E105, E106, E107, E108, E109, E110, E111, E112, E113, E114, E115, E116, E117, E118, E119, E120, E121, E122, E123, E124, E125, E126, E127, E128, E129, E130, E131, E132, E133, E134, E135, E136, E137, E138, E139, E140, E141, E142, E143, E144, E145, E146, E147, E148, E149, E150, E151, E152, E153, E154, E155, E156, E157, E158, E159, E160, E161, E162, E163, E164, E165, E166, E167, E168, E169, E170, E171, E172, E173, E174, E175, E176, E177, E178, E179, E180, E181, E182, E183, E184, E185, E186, E187, E188, E189, E190, E191, E192, E193, E194, E195, E196, E197, E198, E199, E200 { from: u32, to: u32 }, E201, E202, E203, E204, E205, E206, E207, E208, E209, E210, E211, E212, E213, E214, E215, E216, E217, E218, E219, E220, E221, E222, E223, E224, E225, E226, E227, E228, E229, E230, E231, E232, E233, E234, E235, E236, E237, E238, E239, E240, E241, E242, E243, E244, E245, E246, E247, E248, E249, E250, E251, E252, E253, E254, E255, E256, E257, E258, E259, E260, E261, E262, E263, E264, E265, E266, E267, E268, E269, E270, E271, E272, E273, E274, E275, E276, E277, E278, E279, E280, E281, E282, E283, E284, E285, E286, E287, E288, E289, E290, E291, E292, E293, E294, E295, E296, E297, E298, E299 { from: u32, to: u32 }, } }
        { enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { from: u32, to: u32 }, E56, E57, E58, E59, E60, E61, E62, E63, E64, E65, E66, E67, E68, E69, E70, E71, E72, E73, E74, E75, E76, E77, E78, E79, E80, E81, E82, E83, E84, E85, E86, E87, E88, E89, E90, E91, E92, E93, E94, E95, E96, E97, E98, E99, E100, E101, E102, E103, E104, E105, E106, E107, E108, E109, E110, E111, E112, E113, E114, E115, E116, E117, E118, E119, E120, E121, E122, E123, E124, E125, E126, E127, E128, E129, E130, E131, E132, E133, E134, E135, E136, E137, E138, E139, E140, E141, E142, E143, E144, E145, E146, E147, E148, E149, E150, E151, E152, E153, E154, E155, E156, E157, E158, E159, E160, E161, E162, E163, E164, E165, E166, E167, E168, E169, E170, E171, E172, E173, E174, E175, E176, E177, E178, E179, E180, E181, E182, E183, E184, E185, E186, E187, E188, E189, E190, E191, E192, E193, E194, E195, E196, E197, E198, E199, E200 { to: u32, from: u32 }, E201, E202, E203, E204, E205, E206, E207, E208, E209, E210, E211, E212, E213, E214, E215, E216, E217, E218, E219, E220, E221, E222, E223, E224, E225, E226, E227, E228, E229, E230, E231, E232, E233, E234, E235, E236, E237, E238, E239, E240, E241, E242, E243, E244, E245, E246, E247, E248, E249, E250, E251, E252, E253, E254, E255, E256, E257, E258, E259, E260, E261, E262, E263, E264, E265, E266, E267, E268, E269, E270, E271, E272, E273, E274, E275, E276, E277, E278, E279, E280, E281, E282, E283, E284, E285, E286, E287, E288, E289, E290, E291, E292, E293, E294, E295, E296, E297, E298, E299 { from: u32, to: u32 }, } }

    the_last_variant_after_a_date: (Date, Ev) = (Date(1), Ev::E299 { from: 1, to: 2 });
        { enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { from: u32, to: u32 }, E56, E57, E58, E59, E60, E61, E62, E63, E64, E65, E66, E67, E68, E69, E70, E71, E72, E73, E74, E75, E76, E77, E78, E79, E80, E81, E82, E83, E84, E85, E86, E87, E88, E89, E90, E91, E92, E93, E94, E95, E96, E97, E98, E99, E100, E101, E102, E103, E104, E105, E106, E107, E108, E109, E110, E111, E112, E113, E114, E115, E116, E117, E118, E119, E120, E121, E122, E123, E124, E125, E126, E127, E128, E129, E130, E131, E132, E133, E134, E135, E136, E137, E138, E139, E140, E141, E142, E143, E144, E145, E146, E147, E148, E149, E150, E151, E152, E153, E154, E155, E156, E157, E158, E159, E160, E161, E162, E163, E164, E165, E166, E167, E168, E169, E170, E171, E172, E173, E174, E175, E176, E177, E178, E179, E180, E181, E182, E183, E184, E185, E186, E187, E188, E189, E190, E191, E192, E193, E194, E195, E196, E197, E198, E199, E200 { from: u32, to: u32 }, E201, E202, E203, E204, E205, E206, E207, E208, E209, E210, E211, E212, E213, E214, E215, E216, E217, E218, E219, E220, E221, E222, E223, E224, E225, E226, E227, E228, E229, E230, E231, E232, E233, E234, E235, E236, E237, E238, E239, E240, E241, E242, E243, E244, E245, E246, E247, E248, E249, E250, E251, E252, E253, E254, E255, E256, E257, E258, E259, E260, E261, E262, E263, E264, E265, E266, E267, E268, E269, E270, E271, E272, E273, E274, E275, E276, E277, E278, E279, E280, E281, E282, E283, E284, E285, E286, E287, E288, E289, E290, E291, E292, E293, E294, E295, E296, E297, E298, E299 { from: u32, to: u32 }, } }
        { enum Ev { E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E15, E16, E17, E18, E19, E20, E21, E22, E23, E24, E25, E26, E27, E28, E29, E30 { from: u32, to: u32 }, E31, E32, E33, E34, E35, E36, E37, E38, E39, E40, E41, E42, E43, E44, E45, E46, E47, E48, E49, E50, E51, E52, E53, E54, E55 { from: u32, to: u32 }, E56, E57, E58, E59, E60, E61, E62, E63, E64, E65, E66, E67, E68, E69, E70, E71, E72, E73, E74, E75, E76, E77, E78, E79, E80, E81, E82, E83, E84, E85, E86, E87, E88, E89, E90, E91, E92, E93, E94, E95, E96, E97, E98, E99, E100, E101, E102, E103, E104, E105, E106, E107, E108, E109, E110, E111, E112, E113, E114, E115, E116, E117, E118, E119, E120, E121, E122, E123, E124, E125, E126, E127, E128, E129, E130, E131, E132, E133, E134, E135, E136, E137, E138, E139, E140, E141, E142, E143, E144, E145, E146, E147, E148, E149, E150, E151, E152, E153, E154, E155, E156, E157, E158, E159, E160, E161, E162, E163, E164, E165, E166, E167, E168, E169, E170, E171, E172, E173, E174, E175, E176, E177, E178, E179, E180, E181, E182, E183, E184, E185, E186, E187, E188, E189, E190, E191, E192, E193, E194, E195, E196, E197, E198, E199, E200 { from: u32, to: u32 }, E201, E202, E203, E204, E205, E206, E207, E208, E209, E210, E211, E212, E213, E214, E215, E216, E217, E218, E219, E220, E221, E222, E223, E224, E225, E226, E227, E228, E229, E230, E231, E232, E233, E234, E235, E236, E237, E238, E239, E240, E241, E242, E243, E244, E245, E246, E247, E248, E249, E250, E251, E252, E253, E254, E255, E256, E257, E258, E259, E260, E261, E262, E263, E264, E265, E266, E267, E268, E269, E270, E271, E272, E273, E274, E275, E276, E277, E278, E279, E280, E281, E282, E283, E284, E285, E286, E287, E288, E289, E290, E291, E292, E293, E294, E295, E296, E297, E298, E299 { to: u32, from: u32 }, } }
}

/// The same release: found, though maps and sets are in another order each time.
#[test]
fn what_did_not_change_is_found() {
    fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T) {
        let fingerprint = Fingerprint::of::<T>();
        assert!(!fingerprint.is_whole);
        for codec in [Codec::Postcard, Codec::Json] {
            let mut bytes = Vec::new();
            write(&value, &codec, fingerprint, Bounds::default(), &mut bytes).unwrap();
            assert_eq!(
                read::<T>(&bytes, &codec, fingerprint, Bounds::default()).as_ref(),
                Ok(&value),
                "{codec:?}"
            );
        }
    }

    let some = |day: u32| Some(day).filter(|day| day % 3 == 0);
    comes_back((Date(1), (1..100).map(|n| (n, vec![n; n % 7])).collect::<HashMap<_, _>>()));
    comes_back((1..100).map(|day| (Date(day), some(day))).collect::<HashSet<_>>());
    comes_back((Uuid(1), (1..100).map(|n| vec![Some(n); n % 7]).collect::<HashSet<_>>(), "x".to_owned()));
}
