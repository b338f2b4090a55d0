//go:build linux

package field

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/uptimer/uptimer/internal/servertest"
	"github.com/uptimer/uptimer/internal/unhurried"
)

func TestMain(m *testing.M) { unhurried.Main(m) }

// free is a port that nobody has.
func free(t *testing.T) int {
	t.Helper()
	return int(netip.MustParseAddrPort(servertest.FreeAddress(t)).Port())
}

// open serves one field.
func open(t *testing.T, s Spec) *Farm {
	t.Helper()
	f, err := Open(t.Context(), []Spec{s}, Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ask sends a request to an address of the field and reads what comes within a time: the status and the body.
func ask(t *testing.T, address string, within time.Duration, closing bool) (int, []byte, error) {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(within))
	connection := "keep-alive"
	if closing {
		connection = "close"
	}
	fmt.Fprintf(c, "GET /status HTTP/1.1\r\nHost: x\r\nConnection: %s\r\n\r\n", connection)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// If this failed, what a probe reports would be compared with what never happened.
func TestTheRecordSaysWhatWasAsked(t *testing.T) {
	s := Spec{Kind: HTTP, Port: free(t), Delay: 50 * time.Millisecond}
	f := open(t, s)
	address := fmt.Sprintf("127.7.8.9:%d", s.Port)
	began := time.Now()
	status, body, err := ask(t, address, unhurried.Patience, true)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began) // the client may have the answer before the farm takes note of it
	if status != http.StatusOK || string(body) != text {
		t.Errorf("got %d, %q", status, body)
	}
	records := f.Records().All()
	if len(records) != 1 || records[0].Target.String() != address {
		t.Fatalf("got %v, want one of %s", records, address)
	}
	r := records[0]
	if r.Took() < s.Delay || r.Took() > took || r.Connected > r.Asked || r.Asked < began.UnixNano() {
		t.Errorf("%+v took %v, and all of it took %v", r, r.Took(), took)
	}
	var file bytes.Buffer
	if _, err := f.Records().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	if again, err := ReadRecords(&file); err != nil || !slices.Equal(again, records) {
		t.Errorf("read again: %v, %v", again, err)
	}
}

// If this failed, a record would lose something on its way to who compares it.
func TestARecordIsKeptWhole(t *testing.T) {
	r := Record{Target: netip.MustParseAddrPort("127.1.2.3:456"), Connected: 1, Asked: 2, Answered: 3, Late: 4}
	if got := r.wire().record(); got != r {
		t.Errorf("got %+v, want %+v", got, r)
	}
}

// If this failed, a fault that a probe must name would be another one.
func TestFaults(t *testing.T) {
	for fault, good := range map[Fault]func(int, []byte, error) bool{
		Hang:  func(_ int, _ []byte, err error) bool { return isTimeout(err) },
		Reset: func(_ int, _ []byte, err error) bool { return errors.Is(err, syscall.ECONNRESET) },
		Error: func(status int, _ []byte, err error) bool {
			return err == nil && status == http.StatusInternalServerError
		},
		Half: func(_ int, _ []byte, err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
	} {
		s := Spec{Kind: HTTP, Port: free(t), Fault: fault}
		f := open(t, s)
		within := unhurried.Patience
		if fault == Hang {
			within = 300 * time.Millisecond
		}
		status, body, err := ask(t, fmt.Sprintf("127.0.0.1:%d", s.Port), within, false)
		if !good(status, body, err) {
			t.Errorf("%s: got %d, %q, %v", fault, status, body, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// If this failed, a connection that a client keeps would be a fresh one each time, and cost as much.
func TestConnectionsAreKeptUnlessTheyAreNot(t *testing.T) {
	for _, closing := range []bool{false, true} {
		s := Spec{Kind: HTTP, Port: free(t), Close: closing}
		f := open(t, s)
		client := &http.Client{Transport: &http.Transport{}}
		for range 3 {
			answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", s.Port)) //nolint:noctx // a moment
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		client.CloseIdleConnections()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		connections := map[int64]bool{}
		for _, r := range f.Records().All() {
			connections[r.Connected] = true
		}
		if want := map[bool]int{false: 1, true: 3}[closing]; len(connections) != want || len(f.Records().All()) != 3 {
			t.Errorf("closing %t: %d connections, want %d", closing, len(connections), want)
		}
	}
}

// If this failed, a slip in a field would open another one.
func TestSpecs(t *testing.T) {
	for _, good := range []string{"http:18080", "https:443", "tcp:9", "http:1,delay=50ms", "http:1,fault=hang,close", "http:1,delay=1s,fault=500"} {
		if s, err := ParseSpec(good); err != nil || s.String() != good {
			t.Errorf("%s: %v, %v", good, s, err)
		}
	}
	for bad, want := range map[string]string{
		"":                   `field "": want a kind and a port such as http:18080`,
		"http:0":             `field "http:0": want a kind and a port such as http:18080`,
		"ftp:21":             `field "ftp:21": "ftp" is no kind; want http, https or tcp`,
		"tcp:9,delay=1s":     `field "tcp:9,delay=1s": only http has options`,
		"http:1,delay=-1s":   `field "http:1,delay=-1s": "-1s" is no delay; want one such as 50ms`,
		"http:1,fault=sleep": `field "http:1,fault=sleep": "fault=sleep" is no option; want delay=50ms, close, or fault=hang, reset, 500 or half`,
	} {
		if _, err := ParseSpec(bad); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", bad, err, want)
		}
	}
}
