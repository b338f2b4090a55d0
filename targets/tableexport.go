package targets

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/uptimer/uptimer/internal/setting"
)

// Form is how a list is written.
type Form string

// The forms of a list.
const (
	CSV  Form = "CSV"
	YAML Form = "YAML"
)

// Export writes the enabled rows of the table as a list that Import and PROBE_TARGETS_FILE read back as the same, sorted
// by URL, and returns how many they are. Its error is setting.Mistakes if there are rows that a list cannot hold; the
// others are written then. done, if not nil, is told how many are written of how many.
func (t *Table) Export(ctx context.Context, to io.Writer, form Form, done func(n, of int)) (n int, err error) {
	s, err := t.open(ctx)
	if err != nil {
		return 0, err
	}
	defer s.close()
	all, used, err := s.used(ctx)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriterSize(to, 1<<16)
	write := yamlRow(out)
	if form == CSV {
		write = csvRow(out, used)
	}
	b := newBuilder(Config{}, nil, nil)
	err = s.each(ctx, b, func(r *row) error {
		if err := write(b, r); err != nil {
			return err
		}
		if n++; done != nil {
			done(n, all)
		}
		return nil
	}, ` ORDER BY coalesce(nullif(url, ''), target) COLLATE "C", target_id`)
	b.endList()
	return n, errors.Join(err, out.Flush(), b.mistakes.Err())
}

// used is how many rows are enabled, and the fields that any of them has.
func (s *snapshot) used(ctx context.Context) (rows int, fields []field, err error) {
	ask := `SELECT count(*)`
	for _, name := range said {
		ask += `, coalesce(bool_or(` + name + ` IS NOT NULL), false)`
	}
	there := make([]bool, fieldsEnd)
	into := []any{&rows}
	for f := range there {
		into = append(into, &there[f])
	}
	if err := s.tx.QueryRow(ctx, ask+` FROM targets WHERE enabled`).Scan(into...); err != nil {
		return 0, nil, errWithTable{fmt.Errorf("reading the table targets: %w", err)}
	}
	for f := range fieldsEnd {
		if there[f] || f == fieldURL {
			fields = append(fields, f)
		}
	}
	return rows, fields, nil
}

// csvRow writes a line of names, and then rows.
func csvRow(to io.Writer, fields []field) func(*builder, *row) error {
	out := csv.NewWriter(to)
	cells := make([]string, len(fields))
	for i, f := range fields {
		cells[i] = rules[f].name
	}
	_ = out.Write(cells)
	out.Flush() // into the buffer behind it, which keeps an error
	return func(b *builder, r *row) error {
		for i, f := range fields {
			cells[i] = cell(f, r.text[f])
			if err := checkCell(cells[i], rules[f].verbatim); err != nil {
				b.blameRow(tableOrigin, r, f, "", err)
				return nil
			}
		}
		_ = out.Write(cells)
		out.Flush() // into to
		return out.Error()
	}
}

// cell is a field as CSV has it.
func cell(f field, text string) string {
	switch f {
	case fieldLabels:
		return labelsCell(text)
	case fieldHeaders:
		return headersCell(text)
	}
	return text
}

// checkCell is an error if reading CSV would give another text.
func checkCell(cell string, verbatim bool) error {
	switch {
	case verbatim && strings.TrimSpace(cell) != cell:
		return errors.New("begins or ends with white space, which CSV does not keep; want a .yaml file")
	case strings.Contains(cell, "\r\n"):
		return errors.New("holds a line break of two characters (CR LF), which CSV does not keep; want a .yaml file")
	}
	return nil
}

// yamlRow writes a list, an item a row.
func yamlRow(to *bufio.Writer) func(*builder, *row) error {
	return func(_ *builder, r *row) error {
		lead := "- "
		for f, text := range r.text {
			if text == "" {
				continue
			}
			_, err := fmt.Fprintf(to, "%s%s: %s\n", lead, rules[f].name, yamlValue(field(f), text))
			if err != nil {
				return err
			}
			lead = "  "
		}
		return nil
	}
}

// yamlValue is a field as YAML has it, on one line.
func yamlValue(f field, text string) string {
	var pairs []pair
	switch f {
	case fieldLabels:
		pairs = labelPairs(text)
	case fieldHeaders:
		pairs = headerPairs(text)
	default:
		return yamlQuote(text)
	}
	values, order := map[string][]string{}, []string{}
	for _, p := range pairs {
		if values[p.name] == nil {
			order = append(order, p.name)
		}
		values[p.name] = append(values[p.name], yamlQuote(p.value))
	}
	items := make([]string, len(order))
	for i, name := range order {
		items[i] = yamlQuote(name) + ": " + values[name][0]
		if len(values[name]) > 1 {
			items[i] = yamlQuote(name) + ": [" + strings.Join(values[name], ", ") + "]"
		}
	}
	return "{" + strings.Join(items, ", ") + "}"
}

// yamlQuote is a text in double quotes, in which every character can be written.
func yamlQuote(text string) string {
	out := []byte{'"'}
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == ' ' || unicode.IsPrint(r):
			out = append(out, string(r)...)
		case r <= 0xff:
			out = fmt.Appendf(out, `\x%02x`, r)
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = fmt.Appendf(out, `\U%08x`, r)
		}
	}
	return string(append(out, '"'))
}

// FormOf is the form of a file, by its name; standard output (-, or nothing) is CSV. Its error is setting.Mistakes.
func FormOf(file string) (Form, error) {
	if file == "" || file == Stdin {
		return CSV, nil
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		return CSV, nil
	case ".yaml", ".yml":
		return YAML, nil
	}
	return "", setting.Mistakes{{Where: "FILE", Value: file, Err: errors.New("unknown kind of file; want .csv, .yaml or .yml, or - for CSV on standard output")}}
}
