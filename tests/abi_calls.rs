//! The calls that answer, as a program makes them, and those that do not yet.

use std::ffi::{CStr, c_char, c_void};
use std::sync::{Mutex, MutexGuard};

use esent::abi::structs::{JET_ERRINFOBASIC_W, JET_UNICODEINDEX};
use esent::abi::tables::enums::{JET_instanceNil, JET_sesidNil};
use esent::abi::tables::params::*;
use esent::api::*;

/// The parameters of the process are one table: tests that set them take turns.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn set(id: u32, number: usize) -> i32 {
    // SAFETY: every pointer is NULL.
    unsafe { JetSetSystemParameterA(std::ptr::null_mut(), JET_sesidNil, id, number, std::ptr::null()) }
}

fn get(id: u32) -> Result<usize, i32> {
    let mut number = 0;
    // SAFETY: the number is a local, the text NULL.
    match unsafe { JetGetSystemParameterA(JET_instanceNil, 0, id, &raw mut number, std::ptr::null_mut(), 0) }
    {
        0 => Ok(number),
        code => Err(code),
    }
}

fn set_text(id: u32, text: &CStr) -> i32 {
    // SAFETY: the text is NUL-terminated.
    unsafe { JetSetSystemParameter(std::ptr::null_mut(), 0, id, 0, text.as_ptr()) }
}

#[test]
fn the_version_is_that_of_windows_10_build_26100() {
    let mut version = 0;
    // SAFETY: the number is a local.
    assert_eq!(unsafe { JetGetVersion(JET_sesidNil, &raw mut version) }, 0);
    assert_eq!(version, 0xA065_F400);
    // SAFETY: NULL is refused.
    assert_eq!(unsafe { JetGetVersion(JET_sesidNil, std::ptr::null_mut()) }, -1003);
    // SAFETY: the library's text lives as long as the process.
    assert_eq!(unsafe { CStr::from_ptr(libesent_version()) }.to_str(), Ok(env!("CARGO_PKG_VERSION")));
}

#[test]
fn page_size_decides_the_longest_key_and_the_checks_are_those_of_spec_08() {
    let _turn = one_at_a_time();
    assert_eq!(set(JET_paramDatabasePageSize, 4097), -1003);
    assert_eq!(set(JET_paramDatabasePageSize, 8192), 0);
    assert_eq!((get(64), get(134), get(163)), (Ok(8192), Ok(2000), Ok(8110)));
    assert_eq!(set(JET_paramDatabasePageSize, 4096), 0);
    for id in [185, 221, 222] {
        assert_eq!((set(id, 1), get(id)), (-1003, Err(-1003)));
    }
    assert_eq!(set(JET_paramKeyMost, 1), -1003);
    assert_eq!(set(JET_paramEnableAdvanced, 0), 0);
    assert_eq!((set(JET_paramMaxOpenTables, 5), get(JET_paramMaxOpenTables)), (0, Ok(300)));
    assert_eq!(set(JET_paramEnableAdvanced, 1), 0);
    // SAFETY: NULL is refused.
    let without_number =
        unsafe { JetGetSystemParameterW(0, 0, 64, std::ptr::null_mut(), std::ptr::null_mut(), 0) };
    assert_eq!(without_number, -1003);
}

#[test]
fn texts_go_in_and_out_in_both_forms() {
    let _turn = one_at_a_time();
    assert_eq!(set_text(JET_paramEventSource, c"Gr\xC3\xB6\xC3\x9Fe"), 0);
    let mut narrow = [0x7F as c_char; 8];
    let mut wide = [0x7F_u16; 8];
    let mut read_narrow = |bytes: u32| {
        // SAFETY: the buffer has at least that many bytes.
        let code = unsafe {
            JetGetSystemParameterA(
                0,
                0,
                JET_paramEventSource,
                std::ptr::null_mut(),
                narrow.as_mut_ptr(),
                bytes,
            )
        };
        (code, narrow.map(|byte| byte as u8))
    };
    assert_eq!(read_narrow(0).0, -1003);
    assert_eq!(read_narrow(7), (-1038, [0x7F; 8]), "a short A buffer keeps its bytes");
    assert_eq!(read_narrow(8), (0, *b"Gr\xC3\xB6\xC3\x9Fe\0"));
    let mut read_wide = |bytes: u32| {
        // SAFETY: the buffer has at least that many bytes.
        let code = unsafe {
            JetGetSystemParameterW(0, 0, JET_paramEventSource, std::ptr::null_mut(), wide.as_mut_ptr(), bytes)
        };
        (code, wide)
    };
    assert_eq!(
        read_wide(8),
        (-1038, [0x47, 0x72, 0xF6, 0, 0x7F, 0x7F, 0x7F, 0x7F]),
        "a short W buffer is terminated"
    );
    assert_eq!(read_wide(12), (0, [0x47, 0x72, 0xF6, 0xDF, 0x65, 0, 0x7F, 0x7F]));
    assert_eq!(set_text(JET_paramEventSource, c"\xFF"), -602);
    assert_eq!(set_text(JET_paramBaseName, c"ab"), -1003);
    // SAFETY: NULL counts as empty.
    let emptied =
        unsafe { JetSetSystemParameterW(std::ptr::null_mut(), 0, JET_paramEventSource, 0, std::ptr::null()) };
    assert_eq!(emptied, 0);
}

#[test]
fn an_error_turns_into_its_name_and_text() {
    let text = |code: i32, bytes: u32| {
        let mut number = code as isize as usize;
        let mut buffer = [0x7F as c_char; 256];
        // SAFETY: number and buffer are locals.
        let result = unsafe {
            JetGetSystemParameter(0, 0, JET_paramErrorToString, &raw mut number, buffer.as_mut_ptr(), bytes)
        };
        let written = buffer.map(|byte| byte as u8);
        (
            result,
            String::from_utf8_lossy(written.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned(),
        )
    };
    assert!(text(-1206, 256).1.starts_with("JET_errDatabaseCorrupted, "));
    assert!(text(0, 256).1.starts_with("JET_errSuccess, "));
    assert_eq!(text(0, 8).0, -1038);
    assert!(text(0, 8).1.starts_with('\u{7F}'), "a short buffer stays as it is");
    assert_eq!(text(12345, 256).0, -1003);
}

#[test]
fn the_default_locale_of_indexes_is_en_us() {
    let mut index = JET_UNICODEINDEX { lcid: 0, dwMapFlags: 0 };
    let mut read = |bytes: u32| {
        let place = (&raw mut index).cast();
        // SAFETY: the place has room for the structure.
        let code = unsafe {
            JetGetSystemParameterW(0, 0, JET_paramUnicodeIndexDefault, place, std::ptr::null_mut(), bytes)
        };
        (code, index.lcid, index.dwMapFlags)
    };
    assert_eq!(read(7), (-1003, 0, 0));
    assert_eq!(read(8), (0, 0x409, 0x0003_0401));
}

#[test]
fn error_codes_have_the_categories_of_spec_08_16_5() {
    let info = |code: i32, bytes: u32, level: u32, grbit: u32| {
        let mut code = code;
        // SAFETY: a structure of numbers may be all zero.
        let mut info: JET_ERRINFOBASIC_W = unsafe { std::mem::zeroed() };
        let (context, result) = ((&raw mut code).cast::<c_void>(), (&raw mut info).cast::<c_void>());
        // SAFETY: context and result are locals of the right size.
        (unsafe { JetGetErrorInfoW(context, result, bytes, level, grbit) }, info)
    };
    for (code, category, path) in [
        (-1018, 10, [1, 9, 10, 0]),
        (-1011, 6, [1, 2, 5, 6]),
        (-1601, 15, [1, 13, 15, 0]),
        (-1, 14, [1, 13, 14, 0]),
    ] {
        let (result, info) = info(code, 152, 1, 0);
        assert_eq!((result, info.cbStruct, info.errValue, info.errcatMostSpecific), (0, 152, code, category));
        assert_eq!((&info.rgCategoricalHierarchy[..4], info.lSourceLine), (&path[..], 0));
    }
    assert_eq!(info(12345, 152, 1, 0).0, -1003);
    assert_eq!(info(-1018, 151, 1, 0).0, -1047);
    assert_eq!(info(-1018, 152, 0, 0).0, -1003);
    assert_eq!(info(-1018, 152, 1, 1).0, -1003);
    let mut result = [0_u8; 152];
    // SAFETY: NULL is refused.
    let without_code =
        unsafe { JetGetErrorInfoW(std::ptr::null_mut(), result.as_mut_ptr().cast(), 152, 1, 0) };
    assert_eq!(without_code, -1003);
}

#[test]
fn what_has_no_engine_yet_says_so_and_touches_nothing() {
    // SAFETY: no argument is read or written: the pointers lead nowhere.
    unsafe {
        let nowhere: *mut c_void = std::ptr::without_provenance_mut(1);
        assert_eq!(JetConvertDDLA(0, 0, 0, nowhere, 0), -1001);
        assert_eq!(JetSnapshotStop(0, 0), -1);
        assert_eq!(JetConfigureProcessForCrashDump(0), 0);
    }
}

#[test]
fn handles_of_nothing_and_places_of_nothing_are_refused() {
    let _turn = one_at_a_time();
    // SAFETY: NULL is refused, and any number may be passed for a handle.
    unsafe {
        assert_eq!(JetCreateInstance(std::ptr::null_mut(), std::ptr::null()), -1003);
        assert_eq!(JetEndSession(0, 0), -1104);
        assert_eq!(JetEndSession(JET_sesidNil, 0), -1104);
        assert_eq!(JetGetInstanceInfoA(std::ptr::null_mut(), std::ptr::null_mut()), -1003);
        assert_eq!(JetFreeBuffer(std::ptr::null_mut()), 0);
        assert_eq!(JetFreeBuffer(std::ptr::without_provenance_mut(8)), -1003);
        let (mut count, mut list) = (7, std::ptr::without_provenance_mut(8));
        assert_eq!(JetGetInstanceInfoW(&raw mut count, &raw mut list), 0);
        assert_eq!((count, list), (0, std::ptr::null_mut()));
    }
}

/// JetGetDatabaseFileInfo; the code.
fn file_info(path: &std::path::Path, buffer: &mut [u8], level: u32) -> i32 {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the text is NUL-terminated, the buffer as long as it says.
    unsafe { JetGetDatabaseFileInfoA(path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len() as u32, level) }
}

#[test]
fn headers_of_real_files_are_told_as_windows_tells_them() {
    let Some(corpus) = ese_corpus::corpus() else { return ese_corpus::skipped("file information") };
    let folder = tempfile::tempdir().unwrap();
    let mut asked = 0;
    for file in ese_corpus::files_ending(&corpus, &[".edb", ".dat", ".mdb"]) {
        let path = file.unpack_into(folder.path());
        let length = std::fs::metadata(&path).unwrap().len();
        let (mut bytes, mut page) = ([0; 8], [0; 4]);
        assert_eq!(file_info(&path, &mut bytes, 10), 0);
        assert_eq!(u64::from_le_bytes(bytes), length);
        if file_info(&path, &mut page, 17) == 0 {
            asked += 1;
            assert_eq!(length % u64::from(u32::from_le_bytes(page)), 0, "{}", path.display());
            let mut whole = [0; 416];
            assert_eq!(file_info(&path, &mut whole, 14), 0);
            for size in [216, 296, 300, 348, 380, 400] {
                let mut part = vec![0; size];
                assert_eq!(file_info(&path, &mut part, 14), 0);
                assert_eq!(part, whole[..size]);
            }
            assert_eq!(file_info(&path, &mut [0; 217], 14), -1047);
            // The places of spec 01 §4 and of spec 08 §16.2, in the copy of the header that counts.
            let raw = std::fs::read(&path).unwrap();
            let page_bytes = u32::from_le_bytes(page) as usize;
            let places = [(8, 24, 28), (36, 52, 4), (40, 56, 48), (88, 108, 28)];
            let told_by = |copy: &[u8]| {
                places.iter().all(|(to, from, count)| whole[*to..to + count] == copy[*from..from + count])
            };
            assert!(raw.chunks(page_bytes).take(2).any(told_by), "{}", path.display());
        }
        std::fs::remove_file(path).unwrap();
    }
    ese_corpus::report!("file information: {asked} databases");
    assert!(asked > 0);
    let missing = folder.path().join("missing.edb");
    assert_eq!(file_info(&missing, &mut [0; 4], 17), -1811);
    std::fs::write(&missing, [0x5A; 40_000]).unwrap();
    let noise = [file_info(&missing, &mut [0; 4], 17), file_info(&missing, &mut [0; 216], 14)];
    assert_eq!((noise, file_info(&missing, &mut [0; 8], 10)), ([-1018, -1018], 0));
}
