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
	list []Record
}

func newRecords() *Records { return &Records{list: make([]Record, 0, 1<<16)} }

func (r *Records) add(record Record) {
	r.mu.Lock()
	r.list = append(r.list, record)
	r.mu.Unlock()
}

// All are the records so far.
func (r *Records) All() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

// wire is a Record in a file.
type wire struct {
	Address                          [4]byte
	Port                             uint16
	_                                uint16
	Connected, Asked, Answered, Late int64
}

// WriteTo writes all records in a form that ReadRecords reads.
func (r *Records) WriteTo(w io.Writer) (n int64, err error) {
	buffered := bufio.NewWriterSize(w, 1<<20)
	for _, record := range r.All() {
		line := wire{
			Address: record.Target.Addr().As4(), Port: record.Target.Port(),
			Connected: record.Connected, Asked: record.Asked, Answered: record.Answered, Late: record.Late,
		}
		if err := binary.Write(buffered, binary.LittleEndian, line); err != nil {
			return n, err
		}
		n += int64(binary.Size(line))
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
		list = append(list, Record{
			Target:    netip.AddrPortFrom(netip.AddrFrom4(line.Address), line.Port),
			Connected: line.Connected, Asked: line.Asked, Answered: line.Answered, Late: line.Late,
		})
	}
}
