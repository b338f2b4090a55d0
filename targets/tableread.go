package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/uptimer/uptimer/internal/database"
	"github.com/uptimer/uptimer/internal/setting"
)

// snapshot is the table as it was at one moment.
type snapshot struct {
	conn *pgx.Conn
	tx   pgx.Tx
	mark mark
}

// open connects and takes the snapshot. Its error is the trouble with the database.
func (t *Table) open(ctx context.Context) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, tableLook)
	defer cancel()
	conn, err := t.db.Connect(ctx)
	if err != nil {
		return nil, errWithTable{err}
	}
	s := &snapshot{conn: conn}
	s.tx, err = conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err == nil {
		s.mark, err = s.moment(ctx)
	}
	if err != nil {
		hangUp(conn)
		return nil, errWithTable{fmt.Errorf("looking at the table targets: %w", err)}
	}
	return s, nil
}

func (s *snapshot) close() { hangUp(s.conn) }

// columns are those of the fields, as text, in their order.
var columns = func() string {
	names := slices.Clone(said)
	names[fieldURL] = `coalesce(nullif(url, ''), target)`
	names[fieldLabels] = `labels::text`
	return strings.Join(names, ", ")
}()

// each hands over the enabled rows, one by one: the server sends them as it finds them, so that neither side holds them
// all. The row is reused. An error of f ends it. which is the end of the question, and args are what it is about.
func (s *snapshot) each(ctx context.Context, b *builder, f func(*row) error, which string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, tableRead)
	defer cancel()
	rows, err := s.tx.Query(ctx, `SELECT target_id, `+columns+` FROM targets WHERE enabled`+which, args...)
	if err != nil {
		return errWithTable{fmt.Errorf("reading the table targets: %w", err)}
	}
	defer rows.Close()
	t := &tableReader{b: b, texts: map[string]string{}, pairs: map[string]string{}}
	for rows.Next() {
		t.take(rows.RawValues())
		if err := f(&t.row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return errWithTable{fmt.Errorf("reading the table targets: %w", err)}
	}
	return nil
}

// tableOrigin is where targets of the table come from.
var tableOrigin = &Origin{Name: "table targets", table: true}

// readTable takes the targets of the table, or those that which names.
func (b *builder) readTable(ctx context.Context, s *snapshot, which string, args ...any) error {
	defer b.endList()
	return s.each(ctx, b, func(r *row) error {
		b.add(tableOrigin, r)
		return nil
	}, which, args...)
}

// tableReader makes rows of those of the table.
type tableReader struct {
	b     *builder
	row   row
	texts map[string]string // texts that were seen already: most fields are the same in many rows
	pairs map[string]string // labels and headers that were read already
}

// mostTexts bounds what is remembered.
const mostTexts = 10_000

// take reads the columns, which are not valid any more when it has returned.
func (t *tableReader) take(values [][]byte) {
	t.row = row{line: t.row.line + 1}
	copy(t.row.id[:], values[0])
	for f, value := range values[1:] {
		if len(value) > 0 {
			t.row.text[f] = t.text(field(f), value)
		}
	}
	for _, f := range []field{fieldLabels, fieldHeaders} {
		if t.row.text[f] != "" {
			t.row.text[f] = t.encode(f, t.row.text[f])
		}
	}
}

// text is a value as text. What every row has of its own is not remembered.
func (t *tableReader) text(f field, value []byte) string {
	if f == fieldURL || f == fieldName {
		return string(value)
	}
	if text, known := t.texts[string(value)]; known {
		return text
	}
	text := string(value)
	if len(t.texts) < mostTexts {
		t.texts[text] = text
	}
	return text
}

// encode reads labels, which are JSON, or headers, which are as in CSV.
func (t *tableReader) encode(f field, text string) string {
	key := rules[f].name + text
	if known, ok := t.pairs[key]; ok {
		return known
	}
	blame := func(_ int32, name string, err error) { t.b.blameRow(tableOrigin, &t.row, f, name, err) }
	before := t.b.blamed()
	var pairs []pair
	var err error
	if f == fieldLabels {
		pairs, err = parseLabels(text)
	} else {
		pairs, err = splitPairs(text, ":", 0)
	}
	if err != nil {
		blame(0, "", err)
		return ""
	}
	encoded := encodePairs(f, pairs, blame)
	if t.b.blamed() == before && len(t.pairs) < mostTexts {
		t.pairs[key] = encoded
	}
	return encoded
}

// parseLabels reads a JSON object whose values are no lists or objects, or null.
func parseLabels(text string) (pairs []pair, err error) {
	var object map[string]any
	in := json.NewDecoder(bytes.NewReader([]byte(text)))
	in.UseNumber()
	if err := in.Decode(&object); err != nil {
		return nil, errors.New(`no JSON object; want for example {"team": "a", "tier": "1"}`)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value := object[name]
		switch value.(type) {
		case nil:
			value = ""
		case map[string]any, []any:
			return nil, fmt.Errorf("the label %q is a list or an object; want a text or a number", name)
		}
		pairs = append(pairs, pair{name: strings.TrimSpace(name), value: strings.TrimSpace(fmt.Sprint(value))})
	}
	return pairs, nil
}

// blamed is how many mistakes there are in the list that is being read.
func (b *builder) blamed() int { return len(b.found) + b.unsaid }

// blameRow notes a mistake in a row of a table.
func (b *builder) blameRow(o *Origin, r *row, f field, value string, err error) {
	url := hideUser(setting.Redact(r.text[fieldURL]))
	b.note(r.line, o.whereRow(r.id, url, rules[f].name), value, err)
}

// checkKey takes note of a row whose key is not the id of its target. Events have the latter.
func (b *builder) checkKey(r *row, t Target) {
	if r.id == t.ID {
		return
	}
	b.strays++
	if len(b.keys) <= mostKeys {
		b.keys[r.id] = t.ID
	}
	if b.stray == "" {
		b.stray = fmt.Sprintf("%s, and events of %s have %s", r.id, cut(t.Shown()), t.ID)
	}
}

func (b *builder) strayNote() string {
	rows := fmt.Sprintf("%d rows of the table targets have", b.strays)
	if b.strays == 1 {
		rows = "a row of the table targets has"
	}
	return rows + " another target_id than the URL and the name give (" + b.stray + "); want it as `uptimer targets import` writes it"
}

// LoadAll reads what Load does and the table, if there is one. Its error is setting.Mistakes, or the trouble with the
// database, see Unread.
func (s *Source) LoadAll(ctx context.Context) (*List, error) {
	r, err := s.readAll(ctx)
	if err != nil {
		return nil, err
	}
	s.first = r
	return r.list, nil
}

func (s *Source) readAll(ctx context.Context) (*reading, error) {
	if s.table == nil {
		list, err := s.Load()
		return &reading{list: list}, err
	}
	at, err := s.table.open(ctx) // before a file is read for nothing
	if err != nil {
		return nil, err
	}
	defer at.close()
	return s.readWhole(ctx, at)
}

// readWhole reads everything, beside nothing that was known before.
func (s *Source) readWhole(ctx context.Context, at *snapshot) (*reading, error) {
	b := newBuilder(s.cfg, s.protocols, s.options)
	if err := s.readListsAgain(b); err != nil {
		return nil, err
	}
	if err := b.readTable(ctx, at, ""); err != nil {
		return nil, err
	}
	s.table.wasRead(at.mark)
	list, err := s.finish(b)
	return &reading{list, b.remembers(at.mark)}, err
}

// Await is LoadAll that waits for a table that cannot be read, until ctx ends. Its error is setting.Mistakes, or says
// why the database refuses us for good.
func (s *Source) Await(ctx context.Context) (*List, error) {
	for {
		list, err := s.LoadAll(ctx)
		if !Unread(err) || ctx.Err() != nil {
			return list, err
		}
		if database.Refused(err) {
			return nil, fmt.Errorf("the database refuses us: %w", err)
		}
		s.table.trouble(err)
		pause(ctx, tablePause)
	}
}
