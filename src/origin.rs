//! Where bytes come from: who can choose them and whether they can change under us. A product lattice; knows no rule.

use serde::{Deserialize, Serialize};

/// Who can choose these bytes, from inside to outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Written by this run.
    #[default]
    Program,
    /// Whoever can write the tree this file stands in.
    Repository,
    /// Who starts or configures the run, and any writer or maintainer.
    Operator,
    /// An outside account that publishes a package, model, image or action.
    Publisher,
    /// A host that can open a connection to a non-loopback address.
    Peer,
    /// Any user of the forge or the web.
    Anyone,
}

/// Whether the bytes behind a name can change. Counts only from [`Who::Publisher`] up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutable {
    /// A commit or hash.
    #[default]
    Digest,
    /// A tag or exact version.
    Release,
    /// A branch, `latest`, a plain URL, a live stream.
    Moving,
}

impl Who {
    /// All, from inside to outside, as rows and pages write them.
    pub const NAMES: [(&'static str, Who); 6] = [
        ("program", Who::Program),
        ("repository", Who::Repository),
        ("operator", Who::Operator),
        ("publisher", Who::Publisher),
        ("peer", Who::Peer),
        ("anyone", Who::Anyone),
    ];
    /// As written in rows and pages.
    pub fn name(self) -> &'static str {
        Who::NAMES.iter().find(|(_, w)| *w == self).map_or("program", |(n, _)| n)
    }
}

impl Mutable {
    /// All, from fixed to free, as rows and pages write them.
    pub const NAMES: [(&'static str, Mutable); 3] = [("digest", Mutable::Digest), ("release", Mutable::Release), ("moving", Mutable::Moving)];
    /// As written in rows and pages.
    pub fn name(self) -> &'static str {
        Mutable::NAMES.iter().find(|(_, m)| *m == self).map_or("digest", |(n, _)| n)
    }
}

/// What the bytes passed through; a set of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Via(pub u16);

impl Via {
    /// A completion of a language model.
    pub const LLM: Via = Via(1);
    /// A network request that this program serves.
    pub const REQUEST: Via = Via(1 << 1);
    /// A socket.
    pub const SOCKET: Via = Via(1 << 2);
    /// Text of an issue, comment, pull request or commit.
    pub const PR_TEXT: Via = Via(1 << 3);
    /// A dataset.
    pub const DATASET: Via = Via(1 << 4);
    /// An archive.
    pub const ARCHIVE: Via = Via(1 << 5);
    /// An environment variable.
    pub const ENV: Via = Via(1 << 6);
    /// The command line.
    pub const CLI: Via = Via(1 << 7);
    /// A configuration file.
    pub const CONFIG: Via = Via(1 << 8);
    /// The web.
    pub const WEB: Via = Via(1 << 9);
    /// What people post where anyone may: forums, wikis, crawls of the web.
    pub const POSTS: Via = Via(1 << 10);
    /// What users of a service say of its answers.
    pub const FEEDBACK: Via = Via(1 << 11);
    /// A credential: a token, a key, a password.
    pub const SECRET: Via = Via(1 << 12);
    /// Names as rows and pages write them, with their label.
    pub const NAMES: [(&'static str, Via); 13] = [
        ("llm", Via::LLM),
        ("request", Via::REQUEST),
        ("socket", Via::SOCKET),
        ("pr-text", Via::PR_TEXT),
        ("dataset", Via::DATASET),
        ("archive", Via::ARCHIVE),
        ("env", Via::ENV),
        ("cli", Via::CLI),
        ("config", Via::CONFIG),
        ("web", Via::WEB),
        ("secret", Via::SECRET),
        ("posts", Via::POSTS),
        ("feedback", Via::FEEDBACK),
    ];
    /// Union.
    pub fn with(self, other: Via) -> Via {
        Via(self.0 | other.0)
    }
    /// Without the labels of `other`.
    #[must_use]
    pub fn without(self, other: Via) -> Via {
        Via(self.0 & !other.0)
    }
    /// Whether every label of `other` is here.
    pub fn has(self, other: Via) -> bool {
        self.0 & other.0 == other.0
    }
    /// Whether a label of `other` is here.
    pub fn meets(self, other: Via) -> bool {
        self.0 & other.0 != 0
    }
    /// The label of a name.
    pub fn named(name: &str) -> Option<Via> {
        Via::NAMES.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}

/// An origin: a product of answers. [`Origin::join`] is the componentwise maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Who can choose the bytes.
    pub who: Who,
    /// Whether they can change.
    pub mutable: Mutable,
    /// What they passed through.
    pub via: Via,
    /// An unresolved parameter of a function that others can call is part of it.
    pub open: bool,
    /// False when this is only a lower bound.
    pub known: bool,
}

impl Origin {
    /// Bytes this run wrote: the bottom of the lattice.
    pub const PROGRAM: Origin = Origin { who: Who::Program, mutable: Mutable::Digest, via: Via(0), open: false, known: true };
    /// Bytes of the tree this file stands in.
    pub const REPOSITORY: Origin = Origin { who: Who::Repository, ..Origin::PROGRAM };
    /// Bytes chosen by whoever runs this.
    pub const OPERATOR: Origin = Origin { who: Who::Operator, ..Origin::PROGRAM };
    /// Nothing is known: a lower bound.
    pub const UNKNOWN: Origin = Origin { known: false, ..Origin::PROGRAM };
    /// Bytes of an outside publisher.
    pub fn publisher(mutable: Mutable) -> Origin {
        if mutable == Mutable::Digest {
            // A digest that the repository states fixes the bytes: only who writes the repository can choose others.
            return Origin::REPOSITORY;
        }
        Origin { who: Who::Publisher, mutable, ..Origin::PROGRAM }
    }
    /// Bytes anyone can choose, passed through `via`.
    pub fn anyone(via: Via) -> Origin {
        Origin { who: Who::Anyone, mutable: Mutable::Moving, via, ..Origin::PROGRAM }
    }
    /// Least upper bound.
    #[must_use]
    pub fn join(self, other: Origin) -> Origin {
        Origin {
            who: self.who.max(other.who),
            mutable: self.mutable.max(other.mutable),
            via: self.via.with(other.via),
            open: self.open || other.open,
            known: self.known && other.known,
        }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Origin::PROGRAM
    }
}
