//! Messages of protocol buffers, as far as those that are spoken here need them.

/// Writes a field whose value has a length.
pub fn field(number: u8, value: &[u8], into: &mut Vec<u8>) {
    into.push(number << 3 | 2);
    write(value.len() as u64, into);
    into.extend_from_slice(value);
}

/// Writes a field whose value is a number or a truth.
pub fn number_field(number: u8, value: u64, into: &mut Vec<u8>) {
    into.push(number << 3);
    write(value, into);
}

fn write(mut number: u64, into: &mut Vec<u8>) {
    while number > 0x7f {
        into.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Reads a message: its fields whose values have a length. Others are left out.
pub fn fields(message: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    read(message, |field, value| {
        if let Value::Bytes(bytes) = value {
            fields.push((field, bytes));
        }
    })?;
    Some(fields)
}

/// Reads the number in a field of a message: the last one, and zero where there is none.
pub fn number_in(message: &[u8], field: u64) -> Option<u64> {
    let mut number = 0;
    read(message, |found, value| match value {
        Value::Number(value) if found == field => number = value,
        _ => {}
    })?;
    Some(number)
}

enum Value<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

fn read<'m>(mut message: &'m [u8], mut found: impl FnMut(u64, Value<'m>)) -> Option<()> {
    while !message.is_empty() {
        let tag = number(&mut message)?;
        match tag & 7 {
            0 => found(tag >> 3, Value::Number(number(&mut message)?)),
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(number(&mut message)?).ok()?;
                let (value, rest) = message.split_at_checked(length)?;
                found(tag >> 3, Value::Bytes(value));
                message = rest;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(())
}

fn number(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
