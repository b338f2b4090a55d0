package targets

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
)

// Source is where the targets of this process come from. It is not for concurrent use: Watch takes it over.
type Source struct {
	cfg       Config
	protocols []string
	stdin     io.Reader
	variable  *Origin
	file      *Origin
	table     *Table               // nil: none
	first     *reading             // of LoadAll
	inForce   *inForce             // nil: nothing yet, or no table
	options   map[Options]*Options // of the last good list
	seed      maphash.Seed
	read      version // what was read last, good or bad
	fromStdin struct {
		done bool
		list *List
		err  error
		// lines that repeat others
		repeats  int
		repeated string
	}
}

// Stdin is the name of a file that stands for standard input.
const Stdin = "-"

// NewSource makes a source of settings that passed Validate. protocols are those that may be probed, of HTTP, TCP
// and ICMP; none means all. stdin is read only if the settings say so.
func NewSource(cfg Config, protocols []string, stdin io.Reader) *Source {
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	if len(protocols) == 0 {
		protocols = []string{HTTP, TCP, ICMP}
	}
	// Editors and PowerShell begin files with a byte order mark, also those that PROBE_URLS_FILE names.
	cfg.URLs, cfg.Regexes = strings.TrimPrefix(cfg.URLs, utf8BOM), strings.TrimPrefix(cfg.Regexes, utf8BOM)
	s := &Source{
		cfg: cfg, protocols: protocols, stdin: stdin, seed: maphash.MakeSeed(),
		variable: &Origin{Name: "PROBE_URLS", variable: true},
		file:     &Origin{Name: cfg.File},
	}
	if cfg.File == Stdin {
		s.file.Name = "standard input"
	}
	return s
}

// WithTable makes the enabled rows of a table belong to the list. LoadAll and Await read them, Watch follows them.
func (s *Source) WithTable(t *Table) *Source {
	s.table = t
	return s
}

// HasTable tells whether there is a table.
func (s *Source) HasTable() bool { return s.table != nil }

// OfURLs is the list of URLs that were given in another way than by settings, such as arguments. name is what
// mistakes call them: "URL" gives URL[2].
func OfURLs(cfg Config, protocols []string, name string, urls []string) (*List, error) {
	cfg.URLs, cfg.File, cfg.Table = "", "", ""
	s := NewSource(cfg, protocols, nil)
	b := newBuilder(cfg, s.protocols, nil)
	b.readURLs(&Origin{Name: name, variable: true}, urls, len(urls) > 1)
	return b.finish()
}

// Load reads everything but a table: the variables and the file. Its error is setting.Mistakes, all at once. It may be
// called again and reads the file anew; standard input can be read only once, so its list is kept. Options that a list
// has in common with the last good one have the same pointer.
func (s *Source) Load() (*List, error) {
	if s.cfg.File != Stdin {
		return s.load()
	}
	if in := &s.fromStdin; !in.done {
		in.done = true
		in.list, in.err = s.load()
	}
	return s.fromStdin.list, s.fromStdin.err
}

// LoadToStore is Load of a list that goes into a table: DISTRIBUTED_WORKERS_* share it out where it is probed.
func (s *Source) LoadToStore() (*List, error) {
	s.cfg.Distributed = false
	b := newBuilder(s.cfg, s.protocols, s.options)
	b.texts = &[]times{}
	s.readLists(b)
	return b.finish()
}

func (s *Source) load() (*List, error) {
	b := newBuilder(s.cfg, s.protocols, s.options)
	s.readLists(b)
	s.fromStdin.repeats, s.fromStdin.repeated = b.repeats, b.repeated
	return s.finish(b)
}

// finish is the list, whose options are known from now on.
func (s *Source) finish(b *builder) (*List, error) {
	list, err := b.finish()
	if err == nil {
		s.options = b.options.used
	}
	return list, err
}

// readLists reads the variables and the file.
func (s *Source) readLists(b *builder) {
	b.readVariables(s.variable)
	switch s.cfg.File {
	case "":
	case Stdin:
		b.readCSV(s.file, s.stdin, 0)
	default:
		s.readFile(b)
	}
}

// readListsAgain is readLists, also if standard input was read already.
func (s *Source) readListsAgain(b *builder) error {
	if s.cfg.File != Stdin {
		s.readLists(b)
		return nil
	}
	list, err := s.Load()
	if err != nil {
		return err
	}
	b.repeats, b.repeated = s.fromStdin.repeats, s.fromStdin.repeated
	for _, t := range list.Targets {
		t.Options = b.options.intern(t.Options)
		b.keep(&t, &row{})
	}
	return nil
}

// readFile reads the file in the form that its extension says.
func (s *Source) readFile(b *builder) {
	extension := strings.ToLower(filepath.Ext(s.cfg.File))
	if err := setting.OneOf(extension, ".csv", ".yaml", ".yml"); err != nil {
		s.read, _ = s.version()
		b.mistakes.Add("PROBE_TARGETS_FILE", s.cfg.File, errors.New("unknown kind of file; want .csv, .yaml or .yml, or - for CSV on standard input"))
		return
	}
	file, err := openRegular(s.cfg.File)
	if err != nil {
		s.blameFile(b, err)
		return
	}
	defer file.Close()
	var sum maphash.Hash
	sum.SetSeed(s.seed)
	content := io.TeeReader(file, &sum)
	if extension == ".csv" {
		size := int64(0)
		if info, err := file.Stat(); err == nil {
			size = info.Size()
		}
		b.readCSV(s.file, content, size)
	} else {
		text, err := io.ReadAll(content)
		if err != nil {
			s.blameFile(b, err)
			return
		}
		b.readYAML(s.file, text)
	}
	s.read = version{sum: sum.Sum64()}
}

func (s *Source) blameFile(b *builder, err error) {
	s.read = version{failure: pathless(err).Error()}
	b.mistakes.Add("PROBE_TARGETS_FILE", s.cfg.File, fmt.Errorf("cannot be read: %w; want the path of a .csv, .yaml or .yml file that this user may read", pathless(err)))
}

// openRegular refuses what would block or never end, such as a pipe.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	}
	return os.Open(path)
}

// pathless takes the path out of an error, for it stands in the line already.
func pathless(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}
