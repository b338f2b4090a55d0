//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// commitBeforeStore is the control: a consumer that commits an offset before the events are stored. The program has no
// switch for that; it is built from a copy of one of its files.
const commitBeforeStore = "commit-before-store"

// patch changes one place of one file.
type patch struct{ file, old, new string }

// What makes the consumer commit too early, by one batch a partition: while it waits for a batch to be stored, it
// commits the offset behind that batch and not the one before it.
var commitEarly = patch{
	file: "readers/kafka/partition.go",
	old:  "p.commitUpTo(*safe)\n\t\t<-f.done",
	new:  "p.commitUpTo(f.next)\n\t\t<-f.done",
}

// apply returns the patched source. The place must be there, once.
func (p patch) apply(source []byte) ([]byte, error) {
	if n := bytes.Count(source, []byte(p.old)); n != 1 {
		return nil, fmt.Errorf("patching %s: %q is there %d times, want once", p.file, p.old, n)
	}
	return bytes.Replace(source, []byte(p.old), []byte(p.new), 1), nil
}

// overlay writes the patched file into the folder, and what tells the compiler to take it.
func (p patch) overlay(repository, folder string) (string, error) {
	original := filepath.Join(repository, p.file)
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	if source, err = p.apply(source); err != nil {
		return "", err
	}
	patched := filepath.Join(folder, filepath.Base(p.file))
	if err := os.WriteFile(patched, source, 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: patched}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// build makes the program from this tree; with the control it has that fault.
func build(ctx context.Context, repository, folder, control string) (string, error) {
	binary := filepath.Join(folder, "uptimer")
	args := []string{"build", "-o", binary}
	if control == commitBeforeStore {
		binary += "-" + control
		path, err := commitEarly.overlay(repository, folder)
		if err != nil {
			return "", err
		}
		args = []string{"build", "-overlay", path, "-o", binary}
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/uptimer")...)
	cmd.Dir = repository
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building uptimer: %w\n%s", err, text)
	}
	return binary, nil
}

// findRepository is the folder of this module.
func findRepository(ctx context.Context) (string, error) {
	text, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("looking for the repository: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
