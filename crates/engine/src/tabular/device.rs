//! What networks are fitted on, as a person asks for it.

use std::str::FromStr;

use learn::network::{Cores, Device};

use crate::Error;

/// What networks are fitted on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The cores of this machine: the same input gives the same bytes.
    #[default]
    Cpu,
    /// All graphics processors, in turn.
    Gpu,
    /// Graphics processors of these numbers, in turn.
    Gpus(Vec<usize>),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "gpu" => Ok(Self::Gpu),
            _ => {
                let number = |part: &str| part.strip_prefix("gpu:")?.parse().ok();
                let numbers: Option<Vec<usize>> = text.split(',').map(number).collect();
                let fault =
                    || "write cpu, gpu, or numbers of graphics processors, such as gpu:0,gpu:1";
                numbers.map(Self::Gpus).ok_or_else(|| fault().to_owned())
            }
        }
    }
}

impl DeviceChoice {
    /// Makes it ready.
    ///
    /// # Errors
    /// This build knows no graphics processors, none is there, or one cannot be used.
    pub fn open(&self) -> Result<Box<dyn Device>, Error> {
        match self {
            Self::Cpu => Ok(Box::new(Cores)),
            Self::Gpu => gpus(None),
            Self::Gpus(numbers) => gpus(Some(numbers)),
        }
    }
}

#[cfg(feature = "gpu")]
fn gpus(numbers: Option<&[usize]>) -> Result<Box<dyn Device>, Error> {
    match learn_gpu::Gpus::open(numbers) {
        Ok(gpus) => Ok(Box::new(gpus)),
        Err(error) => {
            Err(Error::Question { what: error.to_string(), hint: Some(error.hint().to_owned()) })
        }
    }
}

#[cfg(not(feature = "gpu"))]
fn gpus(_: Option<&[usize]>) -> Result<Box<dyn Device>, Error> {
    let hint = "train with --device cpu, or build the program with --features gpu";
    Err(Error::Question {
        what: "this program was built without graphics processors".to_owned(),
        hint: Some(hint.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::DeviceChoice;

    #[track_caller]
    fn check(text: &str, expected: Option<DeviceChoice>) {
        assert_eq!(text.parse().ok(), expected, "{text}");
    }

    #[test]
    fn choices_are_read() {
        check("cpu", Some(DeviceChoice::Cpu));
        check("gpu", Some(DeviceChoice::Gpu));
        check("gpu:1", Some(DeviceChoice::Gpus(vec![1])));
        check("gpu:0,gpu:2", Some(DeviceChoice::Gpus(vec![0, 2])));
        for bad in ["", "cuda", "gpu:", "gpu:-1", "gpu:0,1", "gpu,cpu"] {
            check(bad, None);
        }
    }

    #[test]
    fn what_is_not_there_says_what_to_do() {
        let error = DeviceChoice::Gpus(vec![97]).open().err().expect("there are not so many");
        let words = format!("{error} {}", error.hint().unwrap_or_default());
        assert!(words.contains("graphics processor") && words.contains("--device cpu"), "{words}");
    }
}
