//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/events/eventstest"
	"github.com/uptimer/uptimer/events/topic/topictest"
	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

// command runs the program as a process of its own to its end.
func command(t *testing.T, environ []string, args ...string) called {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append([]string{beUptimer + "=1"}, environ...), &stdout, &stderr
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return called{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// letter is a dead letter as the reader writes it; more are headers in pairs.
func letter(value []byte, from string, offset int, reason string, more ...string) kafka.Message {
	m := kafka.Message{Key: []byte("k"), Value: value, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	more = append(more, "dead-letter-reason", reason, "dead-letter-topic", from, "dead-letter-partition", "1", "dead-letter-offset", fmt.Sprint(offset))
	for i := 0; i < len(more); i += 2 {
		m.Headers = append(m.Headers, kafka.Header{Key: more[i], Value: []byte(more[i+1])})
	}
	return m
}

// headersOf is the headers of a message in one text.
func headersOf(m kafka.Message) (text string) {
	for _, h := range m.Headers {
		text += h.Key + "=" + string(h.Value) + ";"
	}
	return text
}

// Whoever mends what made dead letters of events wants to see what there is, and to have back what is valid by now: each
// once, as it was, and nothing else. (Seen to fail without the memory of what was sent, and without the look for the topic.)
func TestDeadLettersAreListedAndSentAgain(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	client := topictest.Client(t, s.KafkaPlaintext)
	topictest.Create(t, client, name, 2)
	topictest.Create(t, client, name+".dead-letter", 3) // the last one stays empty
	good := eventstest.Dummies(t, 2)
	lost := "test-" + uuid.NewString()
	first := letter(good[0].JSON(), name, 7, "database: out of range", "from", "elsewhere")
	topictest.Put(t, client, name+".dead-letter", 0, first,
		letter([]byte("poison"), name, 8, "not\tJSON\n\x1b[31mat all\u202e"),
		letter(good[1].JSON(), name, 9, "cut", "dead-letter-truncated", "990000"),
		kafka.Message{Time: first.Time}, // somebody else's: null, null, no header
		letter(good[1].JSON(), name+".dead-letter", 10, "a circle"))
	topictest.Put(t, client, name+".dead-letter", 1, first, // a crash has doubled it
		letter(good[1].JSON(), lost, 11, "unknown topic"),
		letter(good[1].JSON(), "no topic\tat all", 12, "nonsense"),
		kafka.Message{Value: good[1].JSON(), Time: first.Time})
	const at = "2026-01-02T03:04:05Z"
	lines := func(rows ...[]string) (text string) {
		for _, r := range rows {
			text += strings.Join(r, "\t") + "\n"
		}
		return text
	}

	listed := command(t, env, "dead-letters")
	want := lines([]string{name, "1", "7", at, "database: out of range"},
		[]string{name, "1", "8", at, `not\tJSON\n\x1b[31mat all\u202e`},
		[]string{name, "1", "9", at, "cut"}, []string{"-", "-", "-", at, "-"},
		[]string{name + ".dead-letter", "1", "10", at, "a circle"},
		[]string{name, "1", "7", at, "database: out of range"}, []string{lost, "1", "11", at, "unknown topic"},
		[]string{`no topic\tat all`, "1", "12", at, "nonsense"}, []string{"-", "-", "-", at, "-"})
	if listed.code != exitDone || listed.stdout != want || listed.stderr != "" {
		t.Errorf("exit code %d, %q\n%s\nwant\n%s", listed.code, listed.stderr, listed.stdout, want)
	}

	for range 2 { // the letters stay, so sending again is possible
		sent := command(t, env, "dead-letters", "--replay")
		rows := strings.Split(strings.TrimSuffix(sent.stdout, "\n"), "\n")
		if sent.code != exitDone || sent.stderr != "" || len(rows) != 8 || rows[7] != "1 sent, 7 still not valid" {
			t.Fatalf("exit code %d, %q\n%s", sent.code, sent.stderr, sent.stdout)
		}
		for i, reason := range []string{"not JSON", "cut to fit", "empty", "in a circle", "does not exist", "no name of a topic", "no header dead-letter-topic"} {
			if fields := strings.Split(rows[i], "\t"); len(fields) != 5 || !strings.Contains(fields[4], reason) {
				t.Errorf("%q, want a reason with %q", rows[i], reason)
			}
		}
	}
	there := topictest.Messages(t, client, name)
	if len(there) != 2 {
		t.Fatalf("%d messages came back, want one a run", len(there))
	}
	for _, m := range there {
		if string(m.Value) != string(good[0].JSON()) || string(m.Key) != "k" || headersOf(m) != "from=elsewhere;" || m.Time.Sub(good[0].Time()).Abs() > time.Second {
			t.Errorf("key %q, headers %s, time %v, value %s", m.Key, headersOf(m), m.Time, m.Value)
		}
	}
	if made := topictest.Messages(t, client, lost); made != nil || len(topictest.Messages(t, client, name+".dead-letter")) != 9 {
		t.Error("something was put where it does not belong")
	}
}

// The whole way: a message that this uptimer cannot read, and a command after the upgrade that makes good for it.
func TestWhatWasSentAgainIsStored(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	client := topictest.Client(t, s.KafkaPlaintext)
	topictest.Create(t, client, name, 2)
	topictest.Put(t, client, name, 0, kafka.Message{Value: []byte("poison")})
	p := start(t, append(slices.Clone(env), "READER_PLUGIN=kafka", "WRITER_PLUGIN=stdout"))
	unhurried.Until(t, "the reader has made a dead letter", func() bool {
		return strings.Contains(command(t, env, "dead-letters").stdout, name+"\t0\t0\t")
	})
	good := eventstest.Dummies(t, 1)[0]
	topictest.Put(t, client, name+".dead-letter", 0, letter(good.JSON(), name, 1, "an event of a newer uptimer"))
	sent := command(t, env, "dead-letters", "--replay")
	if sent.code != exitDone || !strings.HasSuffix(sent.stdout, "\n1 sent, 1 still not valid\n") {
		t.Errorf("exit code %d, %q\n%s", sent.code, sent.stderr, sent.stdout)
	}
	p.want("the one that was sent again", func(e event) bool { return e.UUID == good.ID().String() })
	p.signal(syscall.SIGTERM)
	p.exit(exitDone)
}

// Where there never was a dead letter, that is good news and no failure.
func TestNoDeadLetters(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	for _, c := range []struct {
		args           []string
		stdout, stderr string
	}{
		{[]string{"dead-letters"}, "", "there is no topic \"" + name + ".dead-letter\""},
		{[]string{"dead-letters", "--replay"}, "0 sent, 0 still not valid\n", "there is no topic"},
	} {
		if got := command(t, env, c.args...); got.code != exitDone || got.stdout != c.stdout || !strings.Contains(got.stderr, c.stderr) {
			t.Errorf("%v: exit code %d, %q, %q", c.args, got.code, got.stdout, got.stderr)
		}
	}
	topictest.Create(t, topictest.Client(t, s.KafkaPlaintext), name+".dead-letter", 2)
	if got := command(t, env, "dead-letters"); got.code != exitDone || got.stdout+got.stderr != "" {
		t.Errorf("an empty topic: exit code %d, %q, %q", got.code, got.stdout, got.stderr)
	}
}

// A command for people must say soon what is wrong, and not wait like a service.
func TestDeadLettersRefusals(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	for _, c := range []struct {
		environ []string
		args    []string
		code    int
		want    []string
	}{
		{nil, []string{"dead-letters"}, exitWrong, []string{"KAFKA_BOOTSTRAP_SERVER: not set", "KAFKA_DEAD_LETTER_TOPIC: not set, nor is KAFKA_READER_TOPIC"}},
		{[]string{"KAFKA_BOOTSTRAP_SERVER=x", "KAFKA_DEAD_LETTER_TOPIC=a b"}, []string{"dead-letters"}, exitWrong, []string{`KAFKA_BOOTSTRAP_SERVER="x"`, `KAFKA_DEAD_LETTER_TOPIC="a b"`}},
		{env, []string{"dead-letters", "all"}, exitWrong, []string{`unknown command or argument "all"`}},
		{env, []string{"dead-letters", "--again"}, exitWrong, []string{"unknown flag: --again"}},
		{append(slices.Clone(env), "KAFKA_BOOTSTRAP_SERVER=127.0.0.1:1"), []string{"dead-letters"}, exitFailed, []string{"connection refused"}},
		{append(slices.Clone(env), "KAFKA_BOOTSTRAP_SERVER="+s.KafkaSASLPlaintext, "KAFKA_SASL_USERNAME=uptimer", "KAFKA_SASL_PASSWORD=geheim"),
			[]string{"dead-letters"}, exitFailed, []string{"does not accept user name and password"}},
	} {
		began := time.Now()
		got := command(t, c.environ, c.args...)
		if got.code != c.code || got.stdout != "" || strings.Count(got.stderr, "\n") != len(c.want) || strings.Contains(got.stderr, "geheim") || time.Since(began) > time.Minute {
			t.Errorf("%v, %v: exit code %d after %v, %q, want\n%q", c.environ, c.args, got.code, time.Since(began), got.stderr, c.want)
		}
		for _, want := range c.want {
			if !strings.Contains(got.stderr, want) {
				t.Errorf("%v: %q, want %q", c.args, got.stderr, want)
			}
		}
	}
	topictest.Create(t, topictest.Client(t, s.KafkaPlaintext), name+".dead-letter", 1)
	allow(t, s, kafka.ResourceTypeTopic, name+".dead-letter", kafka.ACLOperationTypeRead)
	got := command(t, append(slices.Clone(env), "KAFKA_BOOTSTRAP_SERVER="+s.KafkaSASLPlaintext, "KAFKA_SASL_MECHANISM=SCRAM-SHA-512",
		"KAFKA_SASL_USERNAME="+s.KafkaGuestUsername, "KAFKA_SASL_PASSWORD="+s.KafkaGuestPassword), "dead-letters")
	if got.code != exitFailed || !strings.Contains(got.stderr, "is not permitted to us") || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("no permission: exit code %d, %q", got.code, got.stderr)
	}
}

// Ctrl-C must end the command, also while a broker does not answer.
func TestDeadLettersAreInterrupted(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 100)
	frozen := servertest.Serve(t, func(c net.Conn) {
		asked <- struct{}{}
		servertest.Hold(c)
	})
	cmd := exec.CommandContext(t.Context(), os.Args[0], "dead-letters")
	cmd.Env = []string{beUptimer + "=1", "KAFKA_BOOTSTRAP_SERVER=" + frozen, "KAFKA_READER_TOPIC=x"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-asked // it gives up by itself after three seconds
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || stderr.Len() > 0 {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}

// With `| head` behind it, a long list ends in silence.
func TestAListThatNobodyReadsToItsEnd(t *testing.T) {
	t.Parallel()
	s, name, env := aTopic(t)
	client := topictest.Client(t, s.KafkaPlaintext)
	topictest.Create(t, client, name, 1)
	topictest.Create(t, client, name+".dead-letter", 1)
	var many []kafka.Message
	for i := range 1000 {
		many = append(many, letter(nil, name, i, strings.Repeat("long ", 100)))
	}
	topictest.Put(t, client, name+".dead-letter", 0, append(many, letter(eventstest.Dummies(t, 1)[0].JSON(), name, 1000, ""))...)
	for _, args := range [][]string{{"dead-letters"}, {"dead-letters", "--replay"}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		var stderr bytes.Buffer
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Env, cmd.Stdout, cmd.Stderr = append([]string{beUptimer + "=1"}, env...), writer, &stderr
		err = cmd.Run()
		writer.Close()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%v: %v, %q", args, err, stderr.String())
		}
	}
	if n := len(topictest.Messages(t, client, name)); n != 1 {
		t.Errorf("%d messages were sent again, want 1: a closed pipe is no reason to stop", n)
	}
}
