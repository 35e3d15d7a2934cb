//! The list of instances and their databases, in memory that JetFreeBuffer takes back (spec 09 §2.7).
//!
//! A list is one block: the array, behind it each instance's array of pointers, behind them the texts. The blocks that
//! are out are kept in a table, so that JetFreeBuffer frees what was given out and nothing else.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::sync::Arc;

use ese_format::error::JetError;
use parking_lot::Mutex;
use widestring::U16String;

use super::argument::Place;
use crate::abi::guard::{CallResult, Completion};
use crate::abi::structs::{JET_INSTANCE_INFO_A, JET_INSTANCE_INFO_W};
use crate::abi::tables::typedefs::WCHAR;
use crate::abi::text::ansi_of_wide;
use crate::parameters;
use crate::runtime::engine;
use crate::runtime::instance::InstanceContext;

/// A block, of words so that everything in it is aligned.
type Block = Box<[usize]>;

static OUT: Mutex<BTreeMap<usize, Block>> = Mutex::new(BTreeMap::new());

struct Listed {
    handle: usize,
    name: Option<U16String>,
    databases: Vec<U16String>,
}

impl Listed {
    fn of(instance: &InstanceContext) -> Self {
        let paths = instance.engine().map(|running| engine::logged_databases(&running)).unwrap_or_default();
        let path = |path: &std::path::PathBuf| U16String::from_str(&path.to_string_lossy());
        Self {
            handle: instance.handle(),
            name: instance.name().map(ToOwned::to_owned),
            databases: paths.iter().map(path).collect(),
        }
    }
}

/// The offset of a text, or of none.
#[derive(Clone, Copy)]
struct TextAt(Option<usize>);

/// What a block holds, before its place in memory is known.
struct Plan<U> {
    /// Per instance: handle, name, first word of its pointers, texts of its databases.
    instances: Vec<(usize, TextAt, usize, Vec<TextAt>)>,
    texts: Vec<U>,
    header_words: usize,
}

fn plan<U: Copy + Default>(
    listed: &[Listed],
    info_bytes: usize,
    units: impl Fn(&U16String) -> Result<Vec<U>, JetError>,
) -> Result<Plan<U>, JetError> {
    let mut texts: Vec<U> = Vec::new();
    let mut add = |text: &U16String| -> Result<TextAt, JetError> {
        let at = texts.len();
        texts.extend(units(text)?);
        texts.push(U::default());
        Ok(TextAt(Some(at)))
    };
    let mut header_words = listed.len() * info_bytes / size_of::<usize>();
    let mut instances = Vec::new();
    for instance in listed {
        let name = instance.name.as_ref().map_or(Ok(TextAt(None)), &mut add)?;
        let databases = instance.databases.iter().map(&mut add).collect::<Result<Vec<_>, _>>()?;
        let pointers = header_words;
        // Three arrays of pointers: file names, display names, and the obsolete ones.
        header_words += 3 * databases.len();
        instances.push((instance.handle, name, pointers, databases));
    }
    Ok(Plan { instances, texts, header_words })
}

/// Lays a plan out in memory and gives the address of the block. `info` makes the structure of one instance from handle,
/// name, number of databases and the three arrays of pointers.
fn lay_out<U: Copy, I: Copy>(
    plan: &Plan<U>,
    info: impl Fn(usize, *mut U, usize, [*mut *mut U; 3]) -> I,
) -> *mut I {
    let text_words = (plan.texts.len() * size_of::<U>()).div_ceil(size_of::<usize>());
    let mut block: Block = vec![0; plan.header_words + text_words].into_boxed_slice();
    let base = block.as_mut_ptr();
    // SAFETY: the header and so many words of text are in the block.
    let texts = unsafe { base.add(plan.header_words) }.cast::<U>();
    let text = |at: TextAt| match at.0 {
        // SAFETY: the offset lies in the texts, which are in the block.
        Some(offset) => unsafe { texts.add(offset) },
        None => std::ptr::null_mut(),
    };
    // SAFETY: the texts fit behind the header; they come from a vector of the engine.
    unsafe { std::ptr::copy_nonoverlapping(plan.texts.as_ptr(), texts, plan.texts.len()) };
    for (index, (handle, name, pointers, databases)) in plan.instances.iter().enumerate() {
        let array = |number: usize| {
            // SAFETY: the plan counted three arrays of this length into the header.
            unsafe { base.add(pointers + number * databases.len()) }.cast::<*mut U>()
        };
        for (place, at) in databases.iter().enumerate() {
            // SAFETY: as above; the other two arrays stay null.
            unsafe { array(0).add(place).write(text(*at)) };
        }
        let entry = info(*handle, text(*name), databases.len(), [array(0), array(1), array(2)]);
        // SAFETY: the header begins with one structure for each instance.
        unsafe { base.cast::<I>().add(index).write(entry) };
    }
    OUT.lock().insert(base.addr(), block);
    base.cast()
}

fn answer<I>(
    count: Place<u32>,
    list: Place<*mut I>,
    instances: &[Arc<InstanceContext>],
    build: impl FnOnce(&[Listed]) -> Result<*mut I, JetError>,
) -> CallResult {
    let (count, list) = (count.required()?, list.required()?);
    let listed: Vec<_> = instances.iter().map(|instance| Listed::of(instance)).collect();
    count.write(0);
    list.write(std::ptr::null_mut());
    if !listed.is_empty() {
        list.write(build(&listed)?);
        count.write(u32::try_from(listed.len()).map_err(|_| JetError::OUT_OF_MEMORY)?);
    }
    Ok(Completion::Success)
}

/// The list of these instances in the A form.
pub(crate) fn narrow(
    count: Place<u32>,
    list: Place<*mut JET_INSTANCE_INFO_A>,
    instances: &[Arc<InstanceContext>],
) -> CallResult {
    answer(count, list, instances, |listed| {
        let code_page = parameters::process().read().code_page();
        let units = |text: &U16String| {
            let bytes = ansi_of_wide(text, code_page)?;
            Ok(bytes.into_iter().map(|byte| byte as c_char).collect())
        };
        let plan = plan(listed, size_of::<JET_INSTANCE_INFO_A>(), units)?;
        Ok(lay_out(&plan, |handle, name, databases, [files, displays, obsolete]| JET_INSTANCE_INFO_A {
            hInstanceId: handle,
            szInstanceName: name,
            cDatabases: databases,
            szDatabaseFileName: files,
            szDatabaseDisplayName: displays,
            szDatabaseSLVFileName_Obsolete: obsolete,
        }))
    })
}

/// The list of these instances in the W form.
pub(crate) fn wide(
    count: Place<u32>,
    list: Place<*mut JET_INSTANCE_INFO_W>,
    instances: &[Arc<InstanceContext>],
) -> CallResult {
    answer(count, list, instances, |listed| {
        let units = |text: &U16String| Ok(text.as_slice().to_vec());
        let plan: Plan<WCHAR> = plan(listed, size_of::<JET_INSTANCE_INFO_W>(), units)?;
        Ok(lay_out(&plan, |handle, name, databases, [files, displays, obsolete]| JET_INSTANCE_INFO_W {
            hInstanceId: handle,
            szInstanceName: name,
            cDatabases: databases,
            szDatabaseFileName: files,
            szDatabaseDisplayName: displays,
            szDatabaseSLVFileName_Obsolete: obsolete,
        }))
    })
}

/// Takes a block back. NULL is one, too.
pub(crate) fn free(block: *mut c_char) -> CallResult {
    if block.is_null() || OUT.lock().remove(&block.addr()).is_some() {
        Ok(Completion::Success)
    } else {
        Err(JetError::INVALID_PARAMETER)
    }
}
