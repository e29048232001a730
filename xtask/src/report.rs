//! Sizes of files, and tables of them.

use crate::Result;

/// One file of the package: its bytes as they are and as they travel.
#[derive(Debug, PartialEq, Eq)]
pub struct Sizes {
    pub file: String,
    pub raw: u64,
    pub gzip: u64,
    pub brotli: u64,
}

impl Sizes {
    /// Whether a page that uses the default entry downloads this file.
    fn is_downloaded(&self) -> bool {
        self.file == "index.js" || self.file.ends_with(".wasm")
    }
}

/// Reads measure.mjs's lines: name, raw, gzip and brotli, with tabs between.
pub fn parse(lines: &str) -> Result<Vec<Sizes>> {
    lines
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let number = |text: &str| text.parse::<u64>().ok();
            match fields[..] {
                [file, raw, gzip, brotli] => (|| {
                    Some(Sizes {
                        file: file.to_owned(),
                        raw: number(raw)?,
                        gzip: number(gzip)?,
                        brotli: number(brotli)?,
                    })
                })(),
                _ => None,
            }
            .ok_or_else(|| format!("a name and three sizes are expected, found `{line}`"))
        })
        .collect()
}

/// What a page downloads to use the default entry.
pub fn total(sizes: &[Sizes]) -> Sizes {
    let parts = sizes.iter().filter(|size| size.is_downloaded());
    parts.fold(
        Sizes {
            file: String::new(),
            raw: 0,
            gzip: 0,
            brotli: 0,
        },
        |sum, size| Sizes {
            file: match sum.file.as_str() {
                "" => size.file.clone(),
                names => format!("{names} + {}", size.file),
            },
            raw: sum.raw + size.raw,
            gzip: sum.gzip + size.gzip,
            brotli: sum.brotli + size.brotli,
        },
    )
}

pub fn table(sizes: &[Sizes]) -> String {
    let total = total(sizes);
    let total_name = format!("download: {}", total.file);
    let row = |name: &str, raw: &str, gzip: &str, brotli: &str| {
        format!("{name:<32} {raw:>9} {gzip:>9} {brotli:>9}")
    };
    let sized = |name: &str, size: &Sizes| {
        row(
            name,
            &kilobytes(size.raw),
            &kilobytes(size.gzip),
            &kilobytes(size.brotli),
        )
    };
    let mut lines = vec![row("pkg/", "raw", "gzip -9", "brotli 11")];
    lines.extend(sizes.iter().map(|size| sized(&size.file, size)));
    lines.push(sized(&total_name, &total));
    lines.join("\n")
}

/// A size in kB of 1000 bytes with one decimal, or in bytes below that.
pub fn kilobytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let tenths = (bytes + 50) / 100;
    format!("{}.{} kB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_are_rounded_to_a_tenth() {
        let shown: Vec<_> = [0, 999, 1000, 1049, 1050, 1999, 29_949, 29_950, 1_234_567]
            .map(kilobytes)
            .into();
        let expected = [
            "0 B",
            "999 B",
            "1.0 kB",
            "1.0 kB",
            "1.1 kB",
            "2.0 kB",
            "29.9 kB",
            "30.0 kB",
            "1234.6 kB",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_download_is_the_default_entry_and_the_module() {
        let sizes = parse(
            "LICENSE\t9\t9\t9\nengine.wasm\t100\t50\t40\nindex.js\t10\t5\t4\nreact.js\t7\t7\t7\n",
        )
        .unwrap();
        let total = total(&sizes);
        assert_eq!((total.raw, total.gzip, total.brotli), (110, 55, 44));
        assert_eq!(total.file, "engine.wasm + index.js");
    }

    #[test]
    fn a_line_that_is_no_measurement_is_shown() {
        let error = parse("index.js\t1\t2\n").unwrap_err();
        assert!(error.ends_with("found `index.js\t1\t2`"), "{error}");
        assert!(parse("index.js\t1\t2\t-3\n").is_err());
    }
}
