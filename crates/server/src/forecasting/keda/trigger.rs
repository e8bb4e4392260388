//! What the metadata of a trigger asks for.

use std::collections::BTreeMap;

use super::super::scaling::Asked;
use crate::fault::Fault;

/// What KEDA needs itself to reach a scaler, and hands on.
const OF_KEDA: &[&str] = &[
    "scalerAddress",
    "tlsCertFile",
    "tlsClientCert",
    "tlsClientKey",
    "caCert",
    "unsafeSsl",
    "enableTLS",
    "insecureSkipVerify",
];

/// What a trigger asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Trigger {
    pub(super) asked: Asked,
    /// Load that one replica carries, above 0.
    pub(super) target: f64,
    /// Load above which there is any work.
    activation: f64,
}

impl Trigger {
    pub(super) fn of(metadata: &BTreeMap<String, String>) -> Result<Self, Fault> {
        let (mut target, mut activation, mut asked) = (None, 0.0, Vec::new());
        for (name, text) in metadata {
            let number = || {
                let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
                number.ok_or_else(|| Fault::malformed(format!("{name}: {text:?} is no number")))
            };
            match name.as_str() {
                "target" => target = Some(number()?),
                "activation" => activation = number()?,
                name if OF_KEDA.contains(&name) => {}
                _ => asked.push((name.clone(), text.clone())),
            }
        }
        let target = target.filter(|target| *target > 0.0).ok_or_else(|| {
            Fault::malformed("the trigger has no target above 0")
                .hinted("give target: the load that one replica carries")
        })?;
        Ok(Self { asked: Asked::of(asked.into_iter())?, target, activation })
    }

    pub(super) fn is_active(&self, value: f64) -> bool {
        value > self.activation
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Trigger;

    #[track_caller]
    fn check(pairs: &[(&str, &str)], expected: Result<(f64, bool), &str>) {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        let metadata: BTreeMap<String, String> = pairs.iter().map(own).collect();
        let found = Trigger::of(&metadata).map(|trigger| (trigger.target, trigger.is_active(5.0)));
        let found = found.map_err(|fault| fault.what);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn metadata_is_read_and_what_is_unknown_is_said() {
        check(&[("target", "100"), ("scalerAddress", "a:1")], Ok((100.0, true)));
        check(&[("target", "2.5"), ("series", "load"), ("activation", "5")], Ok((2.5, false)));
        check(&[], Err("the trigger has no target above 0"));
        check(&[("target", "0")], Err("the trigger has no target above 0"));
        check(&[("target", "inf")], Err("target: \"inf\" is no number"));
        let unknown = "\"quantil\" is nothing that is asked for here";
        check(&[("target", "1"), ("quantil", "0.9")], Err(unknown));
    }
}
