//! `xtask-bindgen INPUT.wasm OUTPUT_DIR NAME`: writes the JavaScript module, its types and the final WASM.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, output, name] = args.as_slice() else {
        eprintln!("usage: xtask-bindgen INPUT.wasm OUTPUT_DIR NAME");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(true).remove_producers_section(true);
    // The names of functions are a third of the file and nobody's business.
    bindgen.remove_name_section(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(output)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: wasm-bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
