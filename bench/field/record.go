package field

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/uptimer/uptimer/bench/pages"
)

// Record is one request as the target saw it. Times are nanoseconds since the Unix epoch.
type Record struct {
	Target    netip.AddrPort // which was asked
	Connected int64          // the farm took the connection
	Asked     int64          // the whole request was there
	Answered  int64          // the whole answer was handed to the kernel; 0: it was not
	Late      int64          // how much of that was the farm's own fault: later than its delay, and busy with others
}

// Took is how long the target really took: from the request, or the connection of one that has none, to the answer.
func (r Record) Took() time.Duration { return time.Duration(r.Answered - r.Asked) }

// Records are what a farm saw, in no particular order. It may be used from several goroutines.
type Records struct {
	mu   sync.Mutex
	list pages.List[wire]
}

func (r *Records) add(record Record) {
	w := record.wire()
	r.mu.Lock()
	r.list.Add(w)
	r.mu.Unlock()
}

// All are the records so far.
func (r *Records) All() (list []Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.list.All() {
		list = append(list, w.record())
	}
	return list
}

// wire is a Record in a file, and without pointers in memory.
type wire struct {
	Address                          [4]byte
	Port                             uint16
	_                                uint16
	Connected, Asked, Answered, Late int64
}

func (r Record) wire() wire {
	return wire{
		Address: r.Target.Addr().As4(), Port: r.Target.Port(),
		Connected: r.Connected, Asked: r.Asked, Answered: r.Answered, Late: r.Late,
	}
}

func (w wire) record() Record {
	return Record{
		Target:    netip.AddrPortFrom(netip.AddrFrom4(w.Address), w.Port),
		Connected: w.Connected, Asked: w.Asked, Answered: w.Answered, Late: w.Late,
	}
}

// WriteTo writes all records in a form that ReadRecords reads.
func (r *Records) WriteTo(to io.Writer) (n int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	buffered := bufio.NewWriterSize(to, 1<<20)
	for w := range r.list.All() {
		if err := binary.Write(buffered, binary.LittleEndian, w); err != nil {
			return n, err
		}
		n += int64(binary.Size(w))
	}
	return n, buffered.Flush()
}

// ReadRecords reads what WriteTo has written.
func ReadRecords(r io.Reader) (list []Record, err error) {
	buffered := bufio.NewReaderSize(r, 1<<20)
	for {
		var line wire
		switch err := binary.Read(buffered, binary.LittleEndian, &line); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("reading the farm's records: %w", err)
		}
		list = append(list, line.record())
	}
}
