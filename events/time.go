package events

import "time"

// AppendTime writes a time as events do, see TimeLayout, without quotes. It is what AppendFormat would write, for a
// third of its time.
func AppendTime(to []byte, at time.Time) []byte {
	at = at.UTC()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return at.AppendFormat(to, TimeLayout)
	}
	hour, minute, second := at.Clock()
	micros := at.Nanosecond() / 1000
	to = appendTwo(appendTwo(to, year/100), year%100)
	to = appendTwo(append(to, '-'), int(month))
	to = appendTwo(append(to, '-'), day)
	to = appendTwo(append(to, 'T'), hour)
	to = appendTwo(append(to, ':'), minute)
	to = appendTwo(append(to, ':'), second)
	to = appendTwo(append(to, '.'), micros/10_000)
	to = appendTwo(to, micros/100%100)
	return append(appendTwo(to, micros%100), 'Z')
}

// appendTwo writes a number below 100 with two digits.
func appendTwo(to []byte, n int) []byte { return append(to, byte('0'+n/10), byte('0'+n%10)) }
