//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
)

// id is the nth uuid.
func id(n byte) uuid.UUID { return uuid.UUID{15: n} }

// produced is a message of a producer: event n of a target, begun at a second.
func produced(partition int, offset int64, n byte, target string, second int) message {
	return message{partition: partition, offset: offset, value: fmt.Appendf(nil,
		`{"uuid":"%s","target_id":"%s","event_time":"2026-01-02T03:04:%02d.000000Z"}`, id(n), target, second)}
}

func marked(offset int64, name, value string) message {
	return message{offset: offset, value: []byte(value), headers: []kafka.Header{{Key: mark, Value: []byte(name)}}}
}

// letter is the dead letter of the poison in a good run.
func letter(offset string) message {
	return message{value: []byte("?"), headers: []kafka.Header{{Key: mark, Value: []byte("no JSON")}, {Key: "dead-letter-partition", Value: []byte("0")}, {Key: "dead-letter-offset", Value: []byte(offset)}}}
}

// good is a run in which all went well: events 1 to 3 of producers, 4 twice from elsewhere, and poison at offset 9.
func good() *tally {
	t := newTally()
	o := order{}
	for i, n := range []byte{1, 2, 3} {
		t.onTopic(produced(0, int64(i), n, "a", i), o)
		t.rows[id(n)], t.acknowledged[id(n)] = 1, 1
	}
	for offset := range int64(2) {
		t.onTopic(marked(7+offset, "the same event twice", `{"uuid":"`+id(4).String()+`"}`), o)
	}
	t.rows[id(4)] = 1
	t.onTopic(marked(9, "no JSON", "?"), o)
	t.deadLetter(letter("9"))
	return t
}

// If this failed, the run would call lost what is not, or would not see what is.
func TestVerdict(t *testing.T) {
	if err := good().verdict(); err != nil {
		t.Errorf("a good run: %v", err)
	}
	for want, spoil := range map[string]func(*tally){
		"1 valid events on the topic that are not in Postgres:\n  " + id(2).String():      func(t *tally) { delete(t.rows, id(2)) },
		"1 valid events on the topic that are not in Postgres:\n  " + id(4).String():      func(t *tally) { delete(t.rows, id(4)) },
		"1 events that are in Postgres more than once:\n  " + id(1).String():              func(t *tally) { t.rows[id(1)]++ },
		"1 rows in Postgres that were never on the topic:\n  " + id(8).String():           func(t *tally) { t.rows[id(8)]++ },
		"1 events called acknowledged that are not on the topic:\n  " + id(8).String():    func(t *tally) { t.acknowledged[id(8)]++ },
		"1 events that a producer put on the topic more than once:\n  " + id(1).String():  func(t *tally) { t.onTopic(produced(0, 3, 1, "a", 0), order{}) },
		"1 poison messages that are not among the dead letters:\n  no JSON partition 0 o": func(t *tally) { clear(t.letters) },
		"1 dead letters of messages that were no poison:\n  partition 0 offset 1":         func(t *tally) { t.deadLetter(letter("1")) },
		"1 targets whose state is not that of their newest check:\n  a":                   func(t *tally) { t.stale = []string{"a"} },
		"1 messages on the topic from nobody knows whom:\n  partition 0 offset 3":         func(t *tally) { t.onTopic(message{offset: 3, value: []byte("?")}, order{}) },
		"1 processes that ended by themselves, or not as they should:\n  a dead letter":   func(t *tally) { t.deadLetter(letter("")) },
	} {
		run := good()
		spoil(run)
		if err := run.verdict(); err == nil || !strings.Contains(err.Error(), "the promise is broken\n"+want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// If this failed, a dead letter could be something else than the message was, and nobody would see it.
func TestDeadLettersAreWhatTheMessageWas(t *testing.T) {
	poison := func(value []byte, more ...kafka.Header) message {
		return message{value: value, headers: append(more, kafka.Header{Key: mark, Value: []byte("no JSON")})}
	}
	cut := kafka.Header{Key: "dead-letter-truncated", Value: []byte("4")}
	for i, c := range []struct {
		letter, of message
		want       bool
	}{
		{poison([]byte("a")), poison([]byte("a")), true},
		{poison(nil), poison(nil), true},
		{poison([]byte("ab"), cut), poison([]byte("abcd")), true},
		{poison([]byte("a")), poison([]byte("b")), false},
		{poison([]byte{}), poison(nil), false},
		{poison([]byte("ab")), poison([]byte("abcd")), false},
		{poison([]byte("ab"), cut), poison([]byte("abc")), false},
		{message{value: []byte("a")}, poison([]byte("a")), false},
	} {
		if got := c.letter.isLetterOf(c.of); got != c.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

// If this failed, events that lie on the topic in another order than they happened would not be seen.
func TestDisorder(t *testing.T) {
	run, o := newTally(), order{}
	for i, m := range []message{
		produced(0, 0, 1, "a", 5), produced(0, 1, 2, "b", 4), produced(0, 2, 3, "a", 6), // in order
		produced(0, 3, 4, "a", 5), // behind a later one
		produced(1, 0, 5, "b", 9), // in another partition
		produced(0, 2, 3, "a", 6), // a copy is counted elsewhere
	} {
		run.onTopic(m, o)
		if want := []int{0, 0, 0, 1, 2, 2}[i]; len(run.disorder) != want {
			t.Errorf("after message %d: out of order are %v, want %d", i, run.disorder, want)
		}
	}
}

// If this failed, the log's word for what is acknowledged would be misread: after a kill its last line is cut off.
func TestAcknowledgedByTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	text := `{"msg":"uptimer starts"}
{"msg":"events are acknowledged","uuids":["` + id(1).String() + `","` + id(2).String() + `"]}
{"msg":"events are acknowl{"msg":"uptimer starts"}
{"msg":"events are acknowledged","uuids":["` + id(3).String()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := newTally()
	if err := run.log(path); err != nil || len(run.acknowledged) != 2 {
		t.Errorf("acknowledged %v, %v", run.acknowledged, err)
	}
}

// If this failed, repeats would be counted wrong: a consumer that starts again counts from 0.
func TestMeter(t *testing.T) {
	m := &meter{written: make([]float64, 1)}
	for _, n := range []float64{3, 10, -1, 0, 4} {
		m.take(0, n)
	}
	if m.ended != 10 || m.written[0] != 4 {
		t.Errorf("ended %v, running %v", m.ended, m.written)
	}
}
