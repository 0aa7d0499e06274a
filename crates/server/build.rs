//! Puts the web app, if it is built, into the binary.

use std::{
    env, error, fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn error::Error>> {
    let crate_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dist = crate_dir.join("../../web/dist");
    // Cargo would run this again and again for a folder that does not exist.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut paths = Vec::new();
    collect(&dist, &mut paths)?;
    paths.sort();
    let mut code = String::from("&[\n");
    for path in &paths {
        let name =
            path.strip_prefix(&dist)?.to_str().ok_or("a file in web/dist has a name that is not UTF-8")?;
        let file = fs::canonicalize(path)?;
        code += &format!("    ({:?}, include_bytes!({file:?})),\n", name.replace('\\', "/"));
    }
    code += "]\n";
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("assets.rs"), code)?;
    Ok(())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
