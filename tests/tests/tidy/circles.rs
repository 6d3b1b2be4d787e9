//! No module needs, by way of others, itself: neither the modules of a crate nor the files of a folder do.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Module, sources};

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Modules whose children are still to be put in order.
const TO_BE_OPENED: [&str; 4] = [
    "cache-memoize/src",
    "cache-memoize/src/place",
    "cache-memoize/src/redis",
    "cache-memoize-macros/src/args",
];

#[test]
fn there_is_no_circle() {
    for folder in ["cache-memoize/src", "cache-memoize-macros/src"] {
        let is_open = |module: &Module| {
            let path = [&[folder.to_owned()], module.as_slice()].concat().join("/");
            TO_BE_OPENED.contains(&path.as_str())
        };
        let graphs = graphs(folder).into_iter().filter(|(module, _)| !is_open(module));
        let graphs: BTreeMap<Module, Graph> = graphs.collect();
        let circles: Vec<_> =
            graphs.iter().filter_map(|(module, graph)| Some((module, circle(graph)?))).collect();
        assert!(circles.is_empty(), "in {folder}, these modules need each other: {circles:#?}");
    }
}

/// For each module with children, which of them needs which.
fn graphs(folder: &str) -> BTreeMap<Module, Graph> {
    let mut graphs: BTreeMap<Module, Graph> = BTreeMap::new();
    for source in sources(folder) {
        if source.is_of_tests() {
            continue;
        }
        let from = source.module(folder);
        for to in source.paths(folder) {
            let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            let (Some(from), Some(to)) = (from.get(common), to.get(common)) else { continue };
            let is_module = to.starts_with(char::is_lowercase);
            if is_module {
                let parent = source.module(folder)[..common].to_vec();
                graphs.entry(parent).or_default().entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graphs
}

/// Modules that need each other, if there are any.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    graph.keys().find_map(|start| {
        let mut way = vec![start.clone()];
        leads_to(graph, start, start, &mut BTreeSet::new(), &mut way).then_some(way)
    })
}

fn leads_to(graph: &Graph, from: &str, to: &str, seen: &mut BTreeSet<String>, way: &mut Vec<String>) -> bool {
    graph.get(from).into_iter().flatten().any(|next| {
        if next == to {
            return true;
        }
        if !seen.insert(next.clone()) {
            return false;
        }
        way.push(next.clone());
        let leads = leads_to(graph, next, to, seen, way);
        if !leads {
            way.pop();
        }
        leads
    })
}

#[test]
fn a_circle_is_found() {
    let needs = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let graph = Graph::from([needs("a", "b"), needs("b", "c"), needs("c", "b"), needs("d", "a")]);
    assert_eq!(circle(&graph), Some(vec!["b".to_owned(), "c".to_owned()]));
}
