#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| ese_fuzz::run("log_stream_of_version_7", input));
