//! Reads flat buffers: tables whose fields are found through offsets. What points outside is an error, never a panic.

use super::BadModel;

const OUTSIDE: BadModel = BadModel("an offset points outside the file");

/// A table, or the place where a struct or vector begins.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    /// The table that the file is about.
    pub(super) fn root(file: &'a [u8]) -> Result<Self, BadModel> {
        Ok(Self { file, at: follow(file, 0)? })
    }

    /// Where a field's value is; `None` if it has its default.
    fn field(&self, number: usize) -> Result<Option<usize>, BadModel> {
        let back = i64::from(i32::from_le_bytes(take(self.file, self.at)?));
        let fields =
            i64::try_from(self.at).ok().and_then(|at| usize::try_from(at - back).ok()).ok_or(OUTSIDE)?;
        let bytes = usize::from(u16::from_le_bytes(take(self.file, fields)?));
        let entry = 4 + 2 * number;
        if entry + 2 > bytes {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(take(self.file, fields + entry)?));
        Ok((offset != 0).then_some(self.at + offset))
    }

    /// A number of one byte.
    pub(super) fn byte(&self, number: usize) -> Result<u8, BadModel> {
        self.field(number)?.map_or(Ok(0), |at| take::<1>(self.file, at).map(|[byte]| byte))
    }

    /// A number of four bytes that is not negative.
    pub(super) fn size(&self, number: usize, default: usize) -> Result<usize, BadModel> {
        self.field(number)?.map_or(Ok(default), |at| size(self.file, at))
    }

    /// The table that a field points to.
    pub(super) fn table(&self, number: usize) -> Result<Option<Self>, BadModel> {
        let at = self.field(number)?;
        at.map(|at| Ok(Self { file: self.file, at: follow(self.file, at)? })).transpose()
    }

    /// The tables of a vector.
    pub(super) fn tables(&self, number: usize) -> Result<Vec<Self>, BadModel> {
        let (start, count) = self.vector(number, 4)?;
        (0..count)
            .map(|index| Ok(Self { file: self.file, at: follow(self.file, start + 4 * index)? }))
            .collect()
    }

    /// The numbers of a vector.
    pub(super) fn sizes(&self, number: usize) -> Result<Vec<usize>, BadModel> {
        let (start, count) = self.vector(number, 4)?;
        (0..count).map(|index| size(self.file, start + 4 * index)).collect()
    }

    /// The bytes of a vector or a string.
    pub(super) fn bytes(&self, number: usize) -> Result<&'a [u8], BadModel> {
        let (start, count) = self.vector(number, 1)?;
        self.file.get(start..start + count).ok_or(OUTSIDE)
    }

    /// Where a vector's entries begin, and how many there are; all of them lie inside the file.
    fn vector(&self, number: usize, entry_bytes: usize) -> Result<(usize, usize), BadModel> {
        let Some(at) = self.field(number)? else { return Ok((0, 0)) };
        let at = follow(self.file, at)?;
        let count = size(self.file, at)?;
        let end =
            count.checked_mul(entry_bytes).and_then(|bytes| bytes.checked_add(at + 4)).ok_or(OUTSIDE)?;
        if end > self.file.len() { Err(OUTSIDE) } else { Ok((at + 4, count)) }
    }
}

/// Where the offset at this place leads to.
fn follow(file: &[u8], at: usize) -> Result<usize, BadModel> {
    at.checked_add(size(file, at)?).ok_or(OUTSIDE)
}

fn size(file: &[u8], at: usize) -> Result<usize, BadModel> {
    let value = i32::from_le_bytes(take(file, at)?);
    usize::try_from(value).map_err(|_| BadModel("a size is negative"))
}

fn take<const N: usize>(file: &[u8], at: usize) -> Result<[u8; N], BadModel> {
    file.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(OUTSIDE)
}
