package main

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// page is a page of the docs.
type page struct {
	path    string // from this folder
	content string
}

// pages are all pages: those at the root of the repository, and what is under docs.
func pages(t *testing.T) (all []page) {
	t.Helper()
	paths, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page{path, strings.ReplaceAll(string(content), "\r\n", "\n")})
	}
	return all
}

var (
	codeBlock  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan   = regexp.MustCompile("`[^`\n]*`")
	link       = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	headline   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	linkInLine = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

// anchors are the places of a page that a link can name, as GitHub makes them of the headlines.
func anchors(content string) map[string]bool {
	all := map[string]bool{}
	for _, m := range headline.FindAllStringSubmatch(codeBlock.ReplaceAllString(content, ""), -1) {
		text := strings.ToLower(strings.TrimSpace(linkInLine.ReplaceAllString(m[1], "$1")))
		all[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return r
			}
			return -1
		}, text)] = true
	}
	return all
}

// deadLinks are the links of a page that lead nowhere in this repository, each with what is wrong.
func deadLinks(p page) (dead []string) {
	prose := codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(p.content, ""), "")
	for _, m := range link.FindAllStringSubmatch(prose, -1) {
		to, err := url.Parse(m[1])
		if err != nil {
			dead = append(dead, m[1]+": "+err.Error())
			continue
		}
		if to.Scheme != "" {
			continue
		}
		content := []byte(p.content)
		if to.Path != "" {
			target := filepath.Join(filepath.Dir(p.path), filepath.FromSlash(to.Path))
			if _, err := os.Stat(target); err != nil {
				dead = append(dead, m[1]+": there is no such file")
				continue
			}
			content, _ = os.ReadFile(target) // a folder has no headlines
		}
		if to.Fragment != "" && !anchors(string(content))[to.Fragment] {
			dead = append(dead, m[1]+": there is no such headline")
		}
	}
	return dead
}

// Whoever follows a link in the docs must arrive.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, p := range pages(t) {
		for _, dead := range deadLinks(p) {
			t.Errorf("%s: %s", p.path, dead)
		}
	}
}

// The test of the links itself must see a file, a headline and a folder that are gone.
func TestDeadLinksAreSeen(t *testing.T) {
	content := "# A `b` [c](no.md), *d*\n\n[a](no.md) [b](#a-b-c-d) [c](#no) [d](../docs/../docs) [e](../docs/schedule.md#slots)\n" +
		"[f](schedule.md#no) [g](https://example.com/no) `[h](no.md)`\n```\n[i](no.md)\n# no\n```\n"
	got := strings.Join(deadLinks(page{"../../docs/new.md", content}), "\n")
	want := "no.md: there is no such file\nno.md: there is no such file\n#no: there is no such headline\n" +
		"schedule.md#no: there is no such headline"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
