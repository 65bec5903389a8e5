//! Numbers of any BSON type, compared by value.

use std::cmp::Ordering;

use bson::Bson;

use super::budget::Budget;

/// Steps that it costs to take a decimal apart.
const DECIMAL: usize = 16;
/// Steps that it costs to write out all digits of a double.
const DOUBLE_AS_DIGITS: usize = 512;

/// A BSON number.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Integer(i64),
    Double(f64),
    Decimal(bson::Decimal128),
}

impl Number {
    pub fn of(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(number) => Some(Self::Integer(i64::from(*number))),
            Bson::Int64(number) => Some(Self::Integer(*number)),
            Bson::Double(number) => Some(Self::Double(*number)),
            Bson::Decimal128(number) => Some(Self::Decimal(*number)),
            _ => None,
        }
    }

    pub fn is_nan(self) -> bool {
        match self {
            Self::Integer(_) => false,
            Self::Double(number) => number.is_nan(),
            // The five bits behind the sign say it, whatever the rest says.
            Self::Decimal(number) => number.bytes()[15] & 0x7c == 0x7c,
        }
    }

    /// [`Number::compare`], which counts what it costs: decimals are compared as digits.
    pub fn compare_counted(self, other: Self, budget: &Budget) -> Ordering {
        let (double, decimal, reversed) = match (self, other) {
            (Self::Double(double), Self::Decimal(decimal)) => (double, decimal, false),
            (Self::Decimal(decimal), Self::Double(double)) => (double, decimal, true),
            (Self::Decimal(_), _) | (_, Self::Decimal(_)) => {
                budget.count(DECIMAL);
                return self.compare(other);
            }
            _ => return self.compare(other),
        };
        budget.count(DECIMAL);
        if !self.is_nan() && !other.is_nan() {
            // Rounding keeps the order, and a double is exact: only if they come out the same, all digits have to be
            // written out.
            let rounded = decimal.to_string().parse::<f64>().ok();
            match rounded.and_then(|rounded| double.partial_cmp(&rounded)) {
                Some(order) if order.is_ne() => return if reversed { order.reverse() } else { order },
                _ => budget.count(DOUBLE_AS_DIGITS),
            }
        }
        self.compare(other)
    }

    /// The total order of MongoDB: by value whatever the type, all NaN equal and below everything else.
    pub fn compare(self, other: Self) -> Ordering {
        match (self.is_nan(), other.is_nan()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Double(b)) => integer_with_double(a, b),
            (Self::Double(a), Self::Integer(b)) => integer_with_double(b, a).reverse(),
            (a, b) => Digits::of(a).compare(&Digits::of(b)),
        }
    }

    /// The number as an integer, if it is one that fits.
    pub fn as_integer(self) -> Option<i64> {
        let candidate = match self {
            Self::Integer(number) => number,
            Self::Double(number) => number as i64,
            Self::Decimal(_) if self.is_nan() => return None,
            Self::Decimal(_) => Digits::of(self).integer()?,
        };
        // Both conversions lose something unless the number is an integer that fits.
        (Self::Integer(candidate).compare(self) == Ordering::Equal).then_some(candidate)
    }
}

/// Exact: converting the integer would lose digits beyond 2^53. `double` is not NaN.
fn integer_with_double(integer: i64, double: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if double >= LIMIT {
        return Ordering::Less;
    }
    if double < -LIMIT {
        return Ordering::Greater;
    }
    let whole = double.trunc();
    integer
        .cmp(&(whole as i64))
        .then_with(|| 0.0_f64.partial_cmp(&(double - whole)).unwrap_or(Ordering::Equal))
}

/// A number that is not NaN as decimal digits: `0.d1 d2 d3 … × 10^magnitude`, without leading or trailing zeros.
struct Digits {
    negative: bool,
    /// `None`: infinity.
    digits: Option<Vec<u8>>,
    magnitude: i64,
}

impl Digits {
    fn of(number: Number) -> Self {
        match number {
            Number::Integer(number) => Self::parse(&number.to_string()),
            // 1074 places write every double exactly.
            Number::Double(number) if number.is_finite() => Self::parse(&format!("{number:.1074}")),
            Number::Double(number) => {
                Self { negative: number.is_sign_negative(), digits: None, magnitude: 0 }
            }
            Number::Decimal(number) => Self::parse(&number.to_string()),
        }
    }

    fn parse(text: &str) -> Self {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if text.starts_with("Inf") {
            return Self { negative, digits: None, magnitude: 0 };
        }
        let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        digits.truncate(kept);
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let magnitude = exponent + whole.len() as i64 - leading as i64;
        Self { negative, digits: Some(digits), magnitude }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.sign(), other.sign()) {
            (a, b) if a != b => a.cmp(&b),
            (0, _) => Ordering::Equal,
            (1, _) => self.compare_size(other),
            _ => other.compare_size(self),
        }
    }

    fn sign(&self) -> i8 {
        match &self.digits {
            Some(digits) if digits.is_empty() => 0,
            _ if self.negative => -1,
            _ => 1,
        }
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        match (&self.digits, &other.digits) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            // Without trailing zeros, more digits after equal ones means more.
            (Some(a), Some(b)) => self.magnitude.cmp(&other.magnitude).then_with(|| a.cmp(b)),
        }
    }

    fn integer(&self) -> Option<i64> {
        let digits = self.digits.as_ref()?;
        let mut text = if self.negative { "-".to_owned() } else { String::new() };
        match usize::try_from(self.magnitude) {
            // No i64 has more digits.
            Ok(length @ 1..=19) => {
                text.extend((0..length).map(|i| char::from(digits.get(i).copied().unwrap_or(b'0'))));
            }
            _ if digits.is_empty() => text.push('0'),
            _ => return None,
        }
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Number {
        Number::Decimal(text.parse().unwrap())
    }

    #[test]
    fn order_is_by_value_whatever_the_type() {
        let ascending = [
            Number::Double(f64::NAN),
            Number::Double(f64::NEG_INFINITY),
            decimal("-1E+400"),
            Number::Double(-9.3e18),
            Number::Integer(i64::MIN),
            Number::Double(-0.5),
            Number::Integer(0),
            decimal("1E-400"),
            decimal("0.1"),
            Number::Double(0.1), // a little more than a tenth
            Number::Integer(1),
            Number::Integer(9_007_199_254_740_992),
            Number::Integer(9_007_199_254_740_993),
            Number::Integer(i64::MAX),
            Number::Double(9_223_372_036_854_775_808.0),
            decimal("9223372036854775808.5"),
            Number::Double(f64::INFINITY),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.compare(*b), i.cmp(&j), "{a:?} with {b:?}");
                assert_eq!(a.compare_counted(*b, &Budget::default()), i.cmp(&j), "{a:?} with {b:?}");
            }
        }
    }

    #[test]
    fn equal_values_are_equal_in_every_type() {
        let same: [&[Number]; 4] = [
            &[Number::Integer(3), Number::Double(3.0), decimal("3"), decimal("3.00"), decimal("30E-1")],
            &[Number::Integer(0), Number::Double(-0.0), decimal("0E+5"), decimal("-0")],
            &[Number::Double(0.5), decimal("0.50")],
            &[Number::Double(f64::INFINITY), decimal("Infinity")],
        ];
        for group in same {
            for (a, b) in group.iter().flat_map(|a| group.iter().map(move |b| (a, b))) {
                assert_eq!(a.compare(*b), Ordering::Equal, "{a:?} with {b:?}");
            }
        }
    }

    #[test]
    fn integers_are_found_in_every_type() {
        for (number, expected) in [
            (Number::Double(3.0), Some(3)),
            (Number::Double(3.5), None),
            (Number::Double(1e19), None),
            (Number::Double(f64::NAN), None),
            (decimal("1.2E+3"), Some(1200)),
            (decimal("-7.0"), Some(-7)),
            (decimal("0E+9"), Some(0)),
            (decimal("0.5"), None),
            (decimal("1E+30"), None),
            (decimal("Infinity"), None),
        ] {
            assert_eq!(number.as_integer(), expected, "{number:?}");
        }
    }
}
