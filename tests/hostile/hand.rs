//! Arguments that C allows: numbers of every kind, texts that end, places and buffers that are there. Everything else about
//! them is wrong as often as right: handles of others, closed ones, made-up ones, counts below the truth, structures of the
//! wrong size, grbits nobody knows.

use std::collections::BTreeMap;

use esent::abi::structs::{JET_USERDEFINEDDEFAULT_A, StructLayout, layouts};
use parking_lot::Mutex;

/// Bytes of the structure that stands for a default that a callback computes.
const USER_DEFAULT_BYTES: u64 = size_of::<JET_USERDEFINEDDEFAULT_A>() as u64;
/// Bytes of a place, and of the guard behind it.
const PLACE: usize = 4096;
const GUARD: usize = 64;
const CANARY: u8 = 0xA7;
/// Elements of an array of structures.
const ELEMENTS: usize = 4;
/// Structures within structures.
const DEPTH_MAX: u32 = 3;

/// JET_paramUnicodeIndexDefault, JET_paramRuntimeCallback, JET_paramEmitLogDataCallback and its context, and
/// JET_paramDurableCommitCallback: their numbers are addresses.
const ADDRESS_PARAMETERS: [u64; 6] = [72, 73, 173, 174, 186, 187];

/// The numbers that functions gave, of all threads: live ones and closed ones.
#[derive(Default)]
pub(crate) struct Seen {
    kinds: Mutex<BTreeMap<&'static str, Vec<u64>>>,
}

impl Seen {
    fn add(&self, kind: &'static str, number: u64, at: u64) {
        let mut kinds = self.kinds.lock();
        let list = kinds.entry(kind).or_default();
        match list.len() {
            0..100 => list.push(number),
            length => list[at as usize % length] = number,
        }
    }

    pub(crate) fn some(&self, kind: &str, at: u64) -> Option<u64> {
        let kinds = self.kinds.lock();
        let list = kinds.get(kind)?;
        list.get(at as usize % list.len().max(1)).copied()
    }
}

/// What a thread has of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    pub(crate) instance: u64,
    pub(crate) session: u64,
    pub(crate) databases: Vec<u64>,
    pub(crate) cursors: Vec<u64>,
    pub(crate) columns: Vec<u64>,
}

/// A place of a call: memory, how much of it was named, and whether what is behind that must stay as it is.
struct PlaceOf {
    memory: Box<[u128]>,
    named: usize,
}

impl PlaceOf {
    fn new() -> Self {
        let mut memory = vec![0_u128; (PLACE + GUARD) / 16].into_boxed_slice();
        memory[PLACE / 16..].fill(u128::from_ne_bytes([CANARY; 16]));
        Self { memory, named: PLACE }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the memory is a slice of numbers, of sixteen bytes each.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.memory.len() * 16) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed for writing.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.memory.len() * 16) }
    }

    fn address(&mut self) -> u64 {
        self.memory.as_mut_ptr() as u64
    }
}

/// What a call gave through its places: the kind of handle, and where it is.
type Given = (&'static str, usize);

/// One thread's hand: its chance, its places, and what it holds.
pub(crate) struct Hand<'s> {
    state: u64,
    seen: &'s Seen,
    pub(crate) home: Home,
    places: Vec<PlaceOf>,
    used: usize,
    given: Vec<Given>,
    layouts: BTreeMap<&'static str, &'static StructLayout>,
    /// Memory of JetEnumerateColumns.
    #[expect(clippy::box_collection, reason = "the allocator is given its address")]
    pub(crate) allocated: Box<Vec<Box<[u128]>>>,
    /// The parameter that a number is drawn for.
    parameter: u64,
}

/// The last pointer of a call: how many bytes and elements are behind it.
#[derive(Clone, Copy, Default)]
struct Behind {
    place: Option<usize>,
    bytes: u64,
}

impl<'s> Hand<'s> {
    pub(crate) fn new(seed: u64, seen: &'s Seen) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            seen,
            home: Home::default(),
            places: Vec::new(),
            used: 0,
            given: Vec::new(),
            layouts: layouts().map(|layout| (layout.name, layout)).collect(),
            allocated: Box::default(),
            parameter: 0,
        }
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 8
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.draw() % limit.max(1) as u64) as usize
    }

    pub(crate) fn one_in_thousand(&mut self) -> bool {
        self.one_in(1000)
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len());
        from[at]
    }

    /// The words of a call, by its parameters as C declares them.
    pub(crate) fn words(&mut self, parameters: &'static str) -> Vec<u64> {
        self.used = 0;
        self.given.clear();
        let declared: Vec<(&str, &str)> = parameters.split("; ").filter_map(declaration).collect();
        let mut behind = Behind::default();
        let mut words = Vec::new();
        for (index, (kind, name)) in declared.iter().enumerate() {
            let sized = declared.get(index + 1).is_some_and(|(_, next)| next.starts_with("cb"));
            words.push(self.word(kind, name, sized, &mut behind, 0));
        }
        words
    }

    /// Keeps the handles that a call gave. Whether nothing was written where nothing was named.
    pub(crate) fn take(&mut self, succeeded: bool) -> bool {
        for (kind, place) in std::mem::take(&mut self.given) {
            let number = u64::from_le_bytes(self.places[place].bytes()[..8].try_into().expect("eight bytes"));
            let number =
                if kind == "JET_DBID" || kind == "JET_COLUMNID" { number & 0xFFFF_FFFF } else { number };
            if !succeeded {
                continue;
            }
            let at = self.draw();
            self.seen.add(kind, number, at);
            let own = match kind {
                "JET_TABLEID" => &mut self.home.cursors,
                "JET_DBID" => &mut self.home.databases,
                "JET_COLUMNID" => &mut self.home.columns,
                _ => continue,
            };
            own.push(number);
            if own.len() > 24 {
                own.remove(0);
            }
        }
        self.allocated.clear();
        self.places[..self.used].iter().all(|place| {
            let bytes = place.bytes();
            bytes[PLACE..].iter().all(|byte| *byte == CANARY)
                && (place.named == PLACE || bytes[place.named..PLACE].iter().all(|byte| *byte == CANARY))
        })
    }

    /// The first number at the place of a pointer argument.
    pub(crate) fn at(&self, word: u64) -> u64 {
        let place = self.places.iter().find(|place| place.memory.as_ptr() as u64 == word);
        place.map_or(0, |place| u64::from_le_bytes(place.bytes()[..8].try_into().expect("eight bytes")))
    }

    fn place(&mut self) -> usize {
        if self.used == self.places.len() {
            self.places.push(PlaceOf::new());
        }
        let place = self.used;
        self.used += 1;
        self.places[place].named = PLACE;
        self.places[place].bytes_mut()[..PLACE].fill(0);
        place
    }

    fn word(&mut self, kind: &str, name: &str, sized: bool, behind: &mut Behind, depth: u32) -> u64 {
        let kind = kind.trim();
        if let Some(pointed) = kind.strip_suffix('*') {
            return self.pointer(pointed.trim(), name, sized, behind, depth);
        }
        match kind {
            "JET_PCSTR" | "JET_PSTR" => return self.text_or_buffer("char", name, sized, behind),
            "JET_PCWSTR" | "JET_PWSTR" => return self.text_or_buffer("WCHAR", name, sized, behind),
            "JET_PFNSTATUS" | "JET_CALLBACK" | "JET_PFNREALLOC" if depth == 0 => {
                return u64::from(!self.one_in(4));
            }
            _ if kind.starts_with("JET_PFN") || kind == "JET_CALLBACK" => return 0,
            _ => {}
        }
        self.number(kind, name, behind)
    }

    fn number(&mut self, kind: &str, name: &str, behind: &mut Behind) -> u64 {
        match kind {
            "JET_SESID" => self.handle("JET_SESID"),
            "JET_TABLEID" => self.handle("JET_TABLEID"),
            "JET_INSTANCE" => self.handle("JET_INSTANCE"),
            "JET_DBID" => self.handle("JET_DBID"),
            "JET_HANDLE" => self.handle("JET_HANDLE"),
            "JET_OSSNAPID" => self.handle("JET_OSSNAPID"),
            "JET_COLUMNID" => self.handle("JET_COLUMNID"),
            "JET_GRBIT" => self.grbit(),
            // With JET_bitColumnUserDefinedDefault so many bytes are a structure of pointers, which C has to mean.
            _ if name == "cbDefault" => {
                let bytes = self.bytes_behind(behind);
                if bytes == USER_DEFAULT_BYTES { bytes - 1 } else { bytes }
            }
            _ if name.starts_with("cb") => self.bytes_behind(behind),
            _ if name == "paramid" => {
                self.parameter = self.below(220) as u64;
                self.parameter
            }
            "JET_API_PTR" if name == "lParam" && ADDRESS_PARAMETERS.contains(&self.parameter) => 0,
            // What sizes are made of: nothing that would fill the disk of the machine.
            "JET_API_PTR" => self.choose(&[0, 1, 2, 7, 100, 1000, 4096, 0x8000_0000, 0xFFFF_FFFF, u64::MAX]),
            _ if name.starts_with("cpg") => self.choose(&[0, 1, 100, 400, 1000, 0x7FFF_FFFF]),
            _ if name == "prep" => self.below(9) as u64,
            _ if name == "cRow" => {
                self.choose(&[1, -1, 1, 1, i64::from(i32::MIN), 0x7FFF_FFFF, 3, -7, 0]) as u64
            }
            _ if is_count(name) => self.below(ELEMENTS + 1) as u64,
            _ if self.one_in(8) => self.any(),
            _ => self.below(24) as u64,
        }
    }

    fn any(&mut self) -> u64 {
        let number = self.draw();
        self.choose(&[0, 1, 2, 7, 100, 4096, 0x7FFF_FFFF, 0xFFFF_FFFF, u64::MAX, number & 0xFFFF, number])
    }

    fn grbit(&mut self) -> u64 {
        match self.below(8) {
            0..3 => 0,
            3 | 4 => 1 << self.below(6),
            5 => 1 << self.below(32),
            6 => 1 << self.below(8) | 1 << self.below(32),
            _ => self.draw() & 0xFFFF_FFFF,
        }
    }

    fn handle(&mut self, kind: &'static str) -> u64 {
        let own = match kind {
            "JET_SESID" => Some(self.home.session),
            "JET_INSTANCE" => Some(self.home.instance),
            "JET_TABLEID" => self.own(|home| &home.cursors),
            "JET_DBID" => self.own(|home| &home.databases),
            "JET_COLUMNID" => self.own(|home| &home.columns),
            _ => None,
        };
        let at = self.draw();
        let anybody = self.seen.some(kind, at);
        match (self.below(40), own, anybody) {
            (0, ..) => self.any(),
            (1 | 2, _, Some(anybody)) => anybody,
            // One of another kind.
            (3, ..) => self.seen.some("JET_TABLEID", at).unwrap_or(at),
            (_, Some(own), _) => own,
            (_, None, Some(anybody)) => anybody,
            _ => self.any(),
        }
    }

    fn own(&mut self, list: impl Fn(&Home) -> &Vec<u64>) -> Option<u64> {
        let length = list(&self.home).len();
        // The newest is the likeliest to be alive.
        let at = if self.one_in(2) { length.checked_sub(1)? } else { self.below(length) };
        list(&self.home).get(at).copied()
    }

    /// A count of bytes for the last buffer: the truth or less. What is behind it has to stay as it is.
    fn bytes_behind(&mut self, behind: &mut Behind) -> u64 {
        let Some(place) = behind.place.take() else { return self.below(600) as u64 };
        let bytes = behind.bytes;
        let named = match self.below(6) {
            0 => self.below(8) as u64,
            1 => bytes,
            2 => 4,
            3 => self.below(300) as u64,
            4 => 8,
            _ => self.below(bytes as usize + 1) as u64,
        }
        .min(bytes);
        if bytes == PLACE as u64 {
            self.places[place].named = named as usize;
            self.places[place].bytes_mut()[named as usize..PLACE].fill(CANARY);
        }
        named
    }

    fn pointer(&mut self, pointed: &str, name: &str, sized: bool, behind: &mut Behind, depth: u32) -> u64 {
        *behind = Behind::default();
        if self.one_in(12) {
            return 0;
        }
        match pointed {
            "char" | "WCHAR" => self.text_or_buffer(pointed, name, sized, behind),
            "void" if name == "pvReallocContext" => std::ptr::from_mut(&mut *self.allocated) as u64,
            "void" => self.buffer(behind),
            _ => match self.layouts.get(pointed).copied() {
                Some(layout) if !name.starts_with("pp") => self.structures(layout, depth),
                _ => self.answer(pointed),
            },
        }
    }

    fn buffer(&mut self, behind: &mut Behind) -> u64 {
        let place = self.place();
        let filled = self.below(300);
        for at in 0..filled {
            self.places[place].bytes_mut()[at] = self.state.rotate_left(at as u32) as u8;
        }
        *behind = Behind { place: Some(place), bytes: PLACE as u64 };
        self.places[place].address()
    }

    /// A place for an answer; what is there before is a handle of the kind.
    fn answer(&mut self, pointed: &str) -> u64 {
        let place = self.place();
        for kind in [
            "JET_SESID",
            "JET_TABLEID",
            "JET_INSTANCE",
            "JET_DBID",
            "JET_HANDLE",
            "JET_OSSNAPID",
            "JET_COLUMNID",
        ] {
            if kind == pointed {
                let before = self.handle(kind);
                self.places[place].bytes_mut()[..8].copy_from_slice(&before.to_le_bytes());
                self.given.push((kind, place));
            }
        }
        self.places[place].address()
    }

    fn structures(&mut self, layout: &'static StructLayout, depth: u32) -> u64 {
        let place = self.place();
        if depth < DEPTH_MAX && layout.size_64 * ELEMENTS <= PLACE && !layout.name.starts_with("JET_DBUTIL") {
            for element in 0..ELEMENTS {
                self.structure(layout, place, element * layout.size_64, depth);
            }
        }
        self.places[place].address()
    }

    fn structure(&mut self, layout: &'static StructLayout, place: usize, start: usize, depth: u32) {
        let mut behind = Behind::default();
        for (index, field) in layout.fields.iter().enumerate() {
            let (offset, bytes) = field.place_64;
            let name = field.name.rsplit('.').next().unwrap_or(field.name);
            let is_pointer = field.c_type.trim().ends_with('*') || field.c_type.contains("STR");
            // Of a union the pointer: as a number it is as good as any.
            if !field.bits_or_union.is_empty() && !is_pointer {
                continue;
            }
            let sized = layout.fields.get(index + 1).is_some_and(|next| next.name.starts_with("cb"));
            let kind = field.c_type.trim_start_matches("const ");
            let word = match name {
                "cbStruct" if self.one_in(10) => self.below(200) as u64,
                "cbStruct" => layout.size_64 as u64,
                "coltyp" => self.below(19) as u64,
                "cp" => self.choose(&[0, 1200, 1252, 1200, 437]),
                "cbMax" | "cbVarSegMac" | "cbKeyMost" => self.choose(&[0, 0, 10, 255, 1000, 2000, 70_000]),
                "itagSequence" => self.below(4) as u64,
                "ulDensity" => self.choose(&[0, 80, 100, 20, 1000]),
                "ulPages" | "lPages" => self.choose(&[0, 1, 16, 100]),
                _ if bytes > 8 => continue,
                _ => self.word(kind, name, sized, &mut behind, depth + 1),
            };
            if bytes <= 8 {
                let at = start + offset;
                self.places[place].bytes_mut()[at..at + bytes].copy_from_slice(&word.to_le_bytes()[..bytes]);
            }
        }
    }

    fn text_or_buffer(&mut self, unit: &str, name: &str, sized: bool, behind: &mut Behind) -> u64 {
        *behind = Behind::default();
        if self.one_in(15) {
            return 0;
        }
        if name == "szKey" {
            return self.key(unit, behind);
        }
        if sized {
            return self.buffer(behind);
        }
        let is_path = ["File", "Path", "Database", "Source", "Dest", "szLog", "Backup"]
            .iter()
            .any(|part| name.contains(part))
            || name == "sz";
        let text = if is_path { self.path() } else { self.name() };
        self.text(unit, &text)
    }

    fn text(&mut self, unit: &str, text: &[u8]) -> u64 {
        let place = self.place();
        let bytes = self.places[place].bytes_mut();
        if unit == "char" {
            bytes[..text.len()].copy_from_slice(text);
        } else {
            for (to, from) in bytes.chunks_exact_mut(2).zip(text.iter().take(PLACE / 2 - 1)) {
                to.copy_from_slice(&u16::from(*from).to_le_bytes());
            }
        }
        self.places[place].address()
    }

    fn path(&mut self) -> Vec<u8> {
        let long = [b'x'; 1500];
        let paths: [&[u8]; 10] = [
            b"main/a.edb",
            b"main/a.edb",
            b"main/b.edb",
            b"main/c.edb",
            b"main/none/d.edb",
            b"main",
            b"",
            &long,
            b"backup",
            b"main/\xFF\xFE.edb",
        ];
        self.choose(&paths).to_vec()
    }

    fn name(&mut self) -> Vec<u8> {
        let long = [b'n'; 200];
        let names: [&[u8]; 20] = [
            b"t1",
            b"t2",
            b"t1",
            b"t2",
            b"t3",
            b"long",
            b"text",
            b"number",
            b"by_number",
            b"by_text",
            b"primary",
            b"MSysObjects",
            b"",
            b" x",
            b"a.b",
            b"a!b[c]",
            &long,
            b"\xC3\xA4",
            b"\xFF\xFE",
            b"T1",
        ];
        self.choose(&names).to_vec()
    }

    /// An index key, or what could be one.
    fn key(&mut self, unit: &str, behind: &mut Behind) -> u64 {
        let keys: [&[u8]; 9] = [
            b"+number\0\0",
            b"-number\0+text\0\0",
            b"+text\0\0",
            b"+long\0\0",
            b"+number\0",
            b"number\0\0",
            b"\0\0",
            b"+none\0\0",
            b"+number\0+number\0\0",
        ];
        let key = self.choose(&keys);
        let address = self.text(unit, key);
        let bytes = if unit == "char" { key.len() } else { key.len() * 2 };
        // The count is that of the key most of the time: `bytes_behind` says it.
        *behind = Behind { place: Some(self.used - 1), bytes: bytes as u64 };
        address
    }
}

/// Type and name of a parameter as C declares it.
fn declaration(text: &'static str) -> Option<(&'static str, &'static str)> {
    let text = text.trim().trim_start_matches("const ");
    let at = text.rfind([' ', '*'])?;
    Some((text[..=at].trim(), text[at + 1..].trim()))
}

/// Whether a number says how many elements an array has.
fn is_count(name: &str) -> bool {
    let others = ["cmsec", "cpg", "crec", "cRow", "cp", "coltyp", "chk", "convtyp", "cbtyp"];
    name.starts_with('c') && !others.iter().any(|other| name.starts_with(other))
}
