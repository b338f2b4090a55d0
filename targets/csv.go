package targets

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csvReader reads targets from CSV: url,interval,regex, or the columns that a first line names. White space around
// cells is dropped, within quotes too (a regex can say \x20).
type csvReader struct {
	b       *builder
	origin  *Origin
	in      *csv.Reader
	columns []field
	row     row
	ahead   ahead
	size    int64             // of the file in bytes, 0 if that is not known
	count   int64             // of rows
	pairs   map[string]string // cells of labels and headers that were read already
}

var plainColumns = []field{fieldURL, fieldInterval, fieldRegex}

// readCSV takes the targets of a CSV file of so many bytes, 0 if that is not known. One slice of cells serves all
// lines.
func (b *builder) readCSV(o *Origin, file io.Reader, size int64) {
	defer b.endList()
	buffered := bufio.NewReaderSize(file, 1<<16)
	start, _ := buffered.Peek(len(utf8BOM))
	if isUTF16(start) {
		b.blameAt(o, 1, "", "", errors.New("the file is UTF-16; want it saved as UTF-8"))
		return
	}
	if string(start) == utf8BOM {
		_, _ = buffered.Discard(len(utf8BOM))
	}
	in := csv.NewReader(buffered)
	in.Comment, in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = '#', -1, true, true
	c := &csvReader{b: b, origin: o, in: in, size: size, pairs: map[string]string{}, ahead: ahead{b: b, origin: o}}
	defer c.ahead.flush()
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			if !c.blameForm(err) {
				return
			}
			continue
		}
		if isBlank(cells) {
			continue
		}
		c.read(cells)
	}
}

const (
	// sampled is after how many rows the length of a list is estimated.
	sampled = 4096
	// mostExpected bounds the room that is made for it.
	mostExpected = 4 << 20
)

// isBlank finds lines without any text, such as spreadsheets leave at the end, and indented comments.
func isBlank(cells []string) bool {
	if strings.HasPrefix(cells[0], "#") {
		return true
	}
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}

// blameForm notes a line that is not CSV, and tells whether to read on.
func (c *csvReader) blameForm(err error) bool {
	var form *csv.ParseError
	switch {
	case !errors.As(err, &form):
		c.ahead.flush()
		c.b.mistakes.Add(c.origin.Name, "", fmt.Errorf("cannot be read: %w; want a file that can be read to its end", pathless(err)))
		return false
	case errors.Is(form.Err, csv.ErrBareQuote):
		err = errors.New(`a double quote inside a cell; want the whole cell in double quotes, and each " inside it doubled`)
	case form.StartLine != form.Line:
		err = fmt.Errorf(`a quoted cell is not ended well (read up to line %d); want a closing double quote before the comma, and each " inside doubled`, form.Line)
	default:
		err = errors.New(`a quoted cell is not ended well; want a closing double quote before the comma, and each " inside doubled`)
	}
	c.blame(int32(form.StartLine), "", "", err)
	return true
}

func (c *csvReader) line(cell int) int32 {
	line, _ := c.in.FieldPos(cell)
	return int32(line)
}

// read takes one line. The first decides what the columns are.
func (c *csvReader) read(cells []string) {
	first := c.columns == nil
	if first {
		c.columns = plainColumns
		if strings.EqualFold(strings.TrimSpace(cells[0]), "url") {
			c.readHeader(cells)
			return
		}
	}
	c.row = row{line: c.line(0)}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		if i >= len(c.columns) {
			if cell != "" {
				c.blameWidth()
				return
			}
			continue
		}
		f := c.columns[i]
		if f < 0 || cell == "" {
			continue
		}
		c.row.at[f] = c.line(i)
		switch f {
		case fieldLabels, fieldHeaders:
			cell = c.encode(f, cell)
		}
		c.row.text[f] = cell
	}
	if first && slices.Contains(fieldNames, c.row.text[fieldInterval]) {
		c.blame(c.row.line, "", "", errors.New("a line of column names that does not begin with url; want url as the first column"))
		return
	}
	c.ahead.take(&c.row)
	if c.count++; c.count == sampled {
		c.ahead.flush()
		c.b.expect(int(min(sampled*c.size/c.in.InputOffset()/64*65, mostExpected)))
	}
}

// blame notes a mistake, behind those of the lines before.
func (c *csvReader) blame(line int32, name, value string, err error) {
	c.ahead.flush()
	c.b.blameAt(c.origin, line, name, value, err)
}

func (c *csvReader) blameWidth() {
	names := make([]string, len(c.columns))
	for i, f := range c.columns {
		if f >= 0 {
			names[i] = rules[f].name
		}
	}
	err := fmt.Errorf("more cells than columns (%s); want a cell that holds a comma in double quotes", strings.Join(names, ","))
	if slices.Equal(c.columns, plainColumns) {
		err = errors.New("more cells than url,interval,regex; want a cell that holds a comma in double quotes, or a first line that names the columns")
	}
	c.blame(c.row.line, "", "", err)
}

// readHeader reads the line of column names. A column that cannot be is skipped, so that the rest is checked too.
func (c *csvReader) readHeader(cells []string) {
	c.columns = make([]field, len(cells))
	for i, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		f, err := fieldOf(name, "column")
		switch {
		case name == "" && i == len(cells)-1:
			f, err = -1, nil // a comma at the end
		case err == nil && slices.Contains(c.columns[:i], f):
			err = errors.New("this column is named twice; want it once")
		}
		if err != nil {
			c.blame(c.line(i), "column", hideUser(name), err)
			f = -1
		}
		c.columns[i] = f
	}
}

// encode reads a cell of labels or headers.
func (c *csvReader) encode(f field, cell string) string {
	between := "="
	if f == fieldHeaders {
		between = ":"
	}
	key := between + cell
	if text, known := c.pairs[key]; known {
		return text
	}
	pairs, err := splitPairs(cell, between, c.row.at[f])
	if err != nil {
		c.blame(c.row.at[f], rules[f].name, "", err)
		return ""
	}
	good := true
	text := encodePairs(f, pairs, func(line int32, name string, err error) {
		c.blame(line, rules[f].name, name, err)
		good = false
	})
	if good {
		c.pairs[key] = text
	}
	return text
}
