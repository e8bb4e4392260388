//! The models that are served, by name and version.

use std::sync::Arc;

use engine::tabular::{InputColumn, LoadedModel, ValueType};
use serde_json::{Value, json};

use crate::ServeError;
use crate::exposition::Exposition;
use crate::fault::Fault;

/// Digits of a file's hash that are its version.
const VERSION_DIGITS: usize = 16;

/// One model, as it is served.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) model: LoadedModel,
    /// The first digits of the SHA-256 of its file.
    pub(super) version: String,
    pub(super) inputs: Vec<InputColumn>,
}

impl Served {
    pub(super) fn name(&self) -> &str {
        &self.model.manifest.name
    }
}

/// The models that are served.
#[derive(Debug)]
pub struct Catalog {
    models: Vec<Arc<Served>>,
}

impl Catalog {
    /// Takes models in the order they were given.
    ///
    /// # Errors
    /// None is given, or one of them twice.
    pub fn of(models: Vec<LoadedModel>) -> Result<Self, ServeError> {
        if models.is_empty() {
            return Err(ServeError::Nothing);
        }
        let mut served: Vec<Arc<Served>> = Vec::with_capacity(models.len());
        for model in models {
            let version: String = model.sha256.chars().take(VERSION_DIGITS).collect();
            let name = &model.manifest.name;
            if served.iter().any(|known| known.name() == name && known.version == version) {
                return Err(ServeError::Twice { name: name.clone(), version });
            }
            let inputs = model.inputs();
            served.push(Arc::new(Served { model, version, inputs }));
        }
        Ok(Self { models: served })
    }

    /// Names, each once, in the order they were given.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for model in &self.models {
            if !names.contains(&model.name()) {
                names.push(model.name());
            }
        }
        names
    }

    /// The model of that name: the version asked for, else the last that was given.
    pub(super) fn find(&self, name: &str, version: Option<&str>) -> Result<&Arc<Served>, Fault> {
        let mut found = self.models.iter().filter(|model| model.name() == name).peekable();
        if found.peek().is_none() {
            let hint = format!("models that are served: {}", self.names().join(", "));
            return Err(Fault::missing(format!("no model is named {name:?}")).hinted(hint));
        }
        match version {
            None => Ok(found.last().expect("there is one")),
            Some(version) => found.find(|model| model.version == version).ok_or_else(|| {
                let what = format!("model {name:?} has no version {version:?}");
                Fault::missing(what).hinted(format!("versions: {}", self.versions(name).join(", ")))
            }),
        }
    }

    fn versions(&self, name: &str) -> Vec<&str> {
        let of = self.models.iter().filter(|model| model.name() == name);
        of.map(|model| model.version.as_str()).collect()
    }

    /// What the protocol tells of a model.
    pub(super) fn metadata(&self, served: &Served) -> Value {
        let tensor = |name: &str, datatype: &str| json!({ "name": name, "datatype": datatype, "shape": [-1] });
        let inputs = served.inputs.iter().map(|input| {
            let mut tensor = tensor(&input.name, datatype(input.values));
            tensor["parameters"] = json!({ "kind": input.kind });
            tensor
        });
        let outputs = served.model.outputs();
        let outputs = outputs.iter().map(|(name, values)| tensor(name, datatype(*values)));
        json!({
            "name": served.name(),
            "versions": self.versions(served.name()),
            "platform": "tracehound",
            "inputs": inputs.collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
            "parameters": {
                "version": served.version,
                "sha256": served.model.sha256,
                "target": served.model.model.target(),
                "data_hash": served.model.manifest.data_hash,
                "code_version": served.model.manifest.code_version,
            },
        })
    }

    pub(super) fn write(&self, text: &mut Exposition) {
        text.family("tracehound_model", "info", "Models that are served.");
        for served in &self.models {
            let labels = [
                ("model", served.name()),
                ("version", &served.version),
                ("sha256", &served.model.sha256),
                ("target", served.model.model.target()),
            ];
            text.sample("tracehound_model_info", &labels, 1.0);
        }
    }
}

/// The protocol's word for a type.
pub(super) fn datatype(values: ValueType) -> &'static str {
    match values {
        ValueType::Numbers => "FP64",
        ValueType::Integers => "INT64",
        ValueType::Booleans => "BOOL",
        ValueType::Texts => "BYTES",
    }
}
