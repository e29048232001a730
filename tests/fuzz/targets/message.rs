#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| evertoken_fuzz::checks::message(text));
