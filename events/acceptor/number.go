package acceptor

import (
	"math"
	"strconv"
)

// maxExact is how many digits an integer may have that a float64 holds for certain.
const maxExact = 15

// maxExponent bounds what is known to fit a float64: with at most 32 characters, its number is neither too large for
// it nor so small that it would be taken for zero.
const maxExponent = 250

// number reads a number.
func (p *pass) number(n *node) bool {
	start := p.pos
	negative := p.take('-')
	integer := p.pos
	digits := p.digits()
	if digits == 0 || digits > 1 && p.data[integer] == '0' {
		return false
	}
	plain := true
	if p.take('.') {
		plain = false
		if p.digits() == 0 {
			return false
		}
	}
	scientific := p.pos < len(p.data) && p.data[p.pos]|0x20 == 'e'
	if scientific && !p.exponent() {
		return false
	}
	kind := fraction
	if plain && !scientific {
		kind = whole
	}
	switch s := p.data[start:p.pos]; {
	case len(s) > p.limits.Number || n.kinds&kind == 0:
		return false
	case !n.bounded:
		return true
	case scientific || digits > maxExact:
		return n.strictlyWithin(s)
	default:
		return n.within(s, p.data[integer:integer+digits], negative, plain)
	}
}

// digits skips digits and counts them.
func (p *pass) digits() int {
	start := p.pos
	for p.pos < len(p.data) && p.data[p.pos]-'0' <= 9 {
		p.pos++
	}
	return p.pos - start
}

// exponent reads the exponent of a number.
func (p *pass) exponent() bool {
	p.pos++
	if !p.take('+') {
		p.take('-')
	}
	start := p.pos
	count := p.digits()
	if count == 0 || count > 3 {
		return false
	}
	exponent := 0
	for _, b := range p.data[start:p.pos] {
		exponent = 10*exponent + int(b-'0')
	}
	return exponent <= maxExponent
}

// within tells whether a number without exponent keeps to the bounds. Its integer part says so of almost all.
func (n *node) within(s, integer []byte, negative, plain bool) bool {
	low := 0.0
	for _, b := range integer {
		low = 10*low + float64(b-'0')
	}
	high := low
	if !plain {
		high++ // the number is somewhere between
	}
	if negative {
		low, high = -high, -low
	}
	return low >= n.least && high <= n.most || !plain && n.strictlyWithin(s)
}

// strictlyWithin tells whether a number that may be rounded when it is read is within the bounds and none of them:
// rounding never takes it across a bound, only onto it.
func (n *node) strictlyWithin(s []byte) bool {
	f, err := strconv.ParseFloat(string(s), 64)
	return err == nil && (f > n.least || math.IsInf(n.least, -1)) && (f < n.most || math.IsInf(n.most, 1))
}
