// Package migrations is the database's tables, as SQL in dbmate's format, and what applies it. The dbmate program
// (https://github.com/amacneil/dbmate) may be used on the same folder and the same database.
package migrations

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

//go:embed *.sql
var files embed.FS

// migration is one file: version_name.sql.
type migration struct {
	version string // the digits that the file's name begins with
	name    string
	up      string
	down    string
}

var (
	fileName   = regexp.MustCompile(`^([0-9]+)_(.+)\.sql$`)
	upMarker   = regexp.MustCompile(`(?m)^--[ \t]*migrate:up[ \t]*$`)
	downMarker = regexp.MustCompile(`(?m)^--[ \t]*migrate:down[ \t]*$`)
)

// load reads all migrations of a folder, oldest first.
func load(folder fs.FS) ([]migration, error) {
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var list []migration
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		m, err := parse(name, string(text))
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		if n := len(list); n > 0 && list[n-1].version == m.version {
			return nil, fmt.Errorf("migration %s: the version is that of another migration, %s", name, list[n-1].name)
		}
		list = append(list, m)
	}
	return list, nil
}

// parse takes a file apart. Only what both dbmate and this package read in the same way is accepted: one part up,
// one down, no options, nothing but comments before.
func parse(name, text string) (migration, error) {
	parts := fileName.FindStringSubmatch(name)
	if parts == nil {
		return migration{}, errors.New("not a migration's name; want one such as 20260102030405_name.sql")
	}
	up, down := upMarker.FindAllStringIndex(text, -1), downMarker.FindAllStringIndex(text, -1)
	if len(up) != 1 || len(down) != 1 || up[0][0] > down[0][0] {
		return migration{}, errors.New("want one line \"-- migrate:up\" and after it one line \"-- migrate:down\"")
	}
	if n := strings.Count(text, "migrate:"); n != 2 {
		return migration{}, errors.New("\"migrate:\" is there more than twice; options such as transaction:false are not understood")
	}
	for line := range strings.Lines(text[:up[0][0]]) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") {
			return migration{}, fmt.Errorf("the line %q is before \"-- migrate:up\"; want only comments there", line)
		}
	}
	return migration{version: parts[1], name: parts[2], up: text[up[0][1]:down[0][0]], down: text[down[0][1]:]}, nil
}
