//! Reads the header back where libclang is asked for; else does nothing.

#[cfg(feature = "libclang")]
mod roundtrip;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build");
    #[cfg(feature = "libclang")]
    roundtrip::write()?;
    Ok(())
}
