package probes

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/uptimer/uptimer/internal/setting"
)

// TLSConfig is what the probes that speak TLS are told about certificates.
type TLSConfig struct {
	TLSVerify TLSVerify `envconfig:"PROBE_TLS_VERIFY" default:"true" desc:"check certificates: yes, no, or the path of a CA bundle to trust"`
}

// TLSVerify is how certificates are checked. The zero value checks them against the system's authorities.
type TLSVerify struct {
	text  string
	off   bool
	roots *x509.CertPool // nil: the system's
}

// ParseTLSVerify reads yes, no or the path of a CA bundle in PEM form, which it loads. The same path gives the
// same pool, until the file has changed.
func ParseTLSVerify(text string) (TLSVerify, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return TLSVerify{}, errors.New("empty; want yes, no or the path of a CA bundle in PEM form")
	}
	if on, err := setting.ParseYesNo(text); err == nil {
		return TLSVerify{text: text, off: !on}, nil
	}
	roots, err := loadBundle(text)
	if err != nil {
		return TLSVerify{}, err
	}
	return TLSVerify{text: text, roots: roots}, nil
}

// Decode reads the value of a variable.
func (v *TLSVerify) Decode(text string) (err error) {
	*v, err = ParseTLSVerify(text)
	return err
}

// String is the setting as it was written; "true" for the zero value.
func (v TLSVerify) String() string {
	if v.text == "" {
		return "true"
	}
	return v.text
}

// bundle is a CA bundle that was loaded, and the file's state at that time.
type bundle struct {
	roots *x509.CertPool
	file  os.FileInfo
}

// fresh tells whether the bundle is still what the file holds. The time of a change alone would not tell: a file that
// replaces another may have the same, as clocks of file systems tick a few milliseconds apart.
func (b bundle) fresh(now os.FileInfo) bool {
	return b.file != nil && os.SameFile(b.file, now) && b.file.Size() == now.Size() && b.file.ModTime().Equal(now.ModTime())
}

var bundles = struct {
	sync.Mutex
	of map[string]bundle
}{of: map[string]bundle{}}

func loadBundle(path string) (*x509.CertPool, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(err)
	}
	bundles.Lock()
	defer bundles.Unlock()
	if b := bundles.of[path]; b.fresh(info) {
		return b.roots, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("this file holds no certificate; want a CA bundle in PEM form (-----BEGIN CERTIFICATE-----)")
	}
	bundles.of[path] = bundle{roots, info}
	return roots, nil
}

// unreadable words why a bundle could not be read, without its path, which the user sees as the value.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("neither yes nor no, and no such file; want yes, no or the path of a CA bundle in PEM form")
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return fmt.Errorf("this file cannot be read: %w; want yes, no or the path of a CA bundle in PEM form", err)
}

// CheckSystemRoots is an error, worded for users, if certificates are to be checked against the system's
// authorities and this machine has none. (On macOS and Windows the system itself checks, and always has some.)
func (v TLSVerify) CheckSystemRoots() error {
	if v.off || v.roots != nil || runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	roots, err := x509.SystemCertPool()
	if err == nil && !roots.Equal(x509.NewCertPool()) {
		return nil
	}
	return errors.New("this machine has no certificate authorities to check certificates against; " +
		"install the package ca-certificates, or set PROBE_TLS_VERIFY to the path of a CA bundle, or to no")
}
