//! What kernels are told besides arrays. Each struct is written once, here; its text in the language of kernels and its bytes
//! follow from that, so the two sides cannot disagree.

/// Bytes that a struct begins a multiple of: the most that any device asks for.
pub(crate) const STRIDE: usize = 256;

macro_rules! uniform {
    ($(#[$about:meta])* $name:ident { $($(#[$told:meta])* $field:ident: $kind:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct $name { $($(#[$told])* pub(crate) $field: $kind,)* }

        impl $name {
            /// The struct in the language of kernels.
            pub(crate) const WGSL: &str = concat!(
                "struct ", stringify!($name), " { ",
                $(stringify!($field), ": ", stringify!($kind), ", ",)*
                "}\n"
            );

            /// Its bytes, padded to [`STRIDE`].
            pub(crate) fn bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::new();
                $(bytes.extend_from_slice(&self.$field.to_le_bytes());)*
                assert!(bytes.len() <= STRIDE, "uniforms are small");
                bytes.resize(STRIDE, 0);
                bytes
            }
        }
    };
}

uniform! {
    /// The same in all of a fit. Places are counted in numbers: of parameters in `state`, else in `work`.
    Net {
        n_features: u32,
        width: u32,
        n_in: u32,
        n_last: u32,
        n_members: u32,
        n_outputs: u32,
        /// Units of all hidden layers of a member.
        n_units: u32,
        n_parameters: u32,
        /// 0 a number, 1 one of two classes, 2 one of several.
        task: u32,
        tables_end: u32,
        members_start: u32,
        member_size: u32,
        /// Of the output matrix within a member.
        head: u32,
        /// Within `state`.
        averaged: u32,
        means: u32,
        squares: u32,
        gradient: u32,
        /// Of the first feature within `places`.
        features: u32,
        /// Numbers of a row.
        row_size: u32,
        starts: u32,
        embedded: u32,
        of_embedded: u32,
        gates: u32,
        /// Units of the last layer, and what the loss says about them.
        last: u32,
        of_last: u32,
        outputs: u32,
        row_losses: u32,
        /// Gradients of shared matrices, member after member.
        partials: u32,
        /// What the loss says about the inputs of the first layer.
        of_inputs: u32,
        key_0: u32,
        key_1: u32,
        key_2: u32,
        key_3: u32,
        key_4: u32,
        key_5: u32,
        key_6: u32,
        key_7: u32,
        dropout: f32,
        kept: f32,
        rate: f32,
        beta_mean: f32,
        beta_square: f32,
        epsilon: f32,
    }
}

uniform! {
    /// One layer: its sizes, where its parameters and arrays stand.
    Layer {
        n_in: u32,
        n_out: u32,
        matrix: u32,
        scale_in: u32,
        scale_out: u32,
        bias: u32,
        input: u32,
        /// Whether members have inputs of their own: 0 in the first layer.
        is_own: u32,
        product: u32,
        output: u32,
        of_output: u32,
        of_product: u32,
        of_input: u32,
        /// Units of the layers before.
        units_before: u32,
    }
}

uniform! {
    /// One step.
    Step {
        /// Among the steps sent together.
        number: u32,
        /// Among the rows sent together.
        first_row: u32,
        n_rows: u32,
        stream_low: u32,
        stream_high: u32,
        /// 1 / (rows · members).
        share: f32,
        correct_mean: f32,
        correct_square: f32,
        keep: f32,
    }
}
