package memory

import (
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// containerLimit is the memory that the control groups of this process let it have, of both versions, and whether
// they set a limit at all. Elsewhere than on Linux there are none. root is the file system.
func containerLimit(root fs.FS) (bytes int64, limited bool) {
	bytes = math.MaxInt64
	for _, file := range limitFiles(root) {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue // a group whose folder is not shown here, or the outermost, which has no limit
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n > 0 && n < noLimit { // "max" is none
			bytes, limited = min(bytes, n), true
		}
	}
	return bytes, limited
}

// noLimit is more than any machine has: version 1 writes a number near 2⁶³ where there is no limit.
const noLimit = 1 << 60

// limitFiles are the files that may hold a limit: those of the process's groups and of all above them. Within a
// container its own group is the outermost that is to be seen, whatever path it is said to have.
func limitFiles(root fs.FS) (files []string) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		if len(fields) != 3 {
			continue
		}
		base, name := "sys/fs/cgroup", "memory.max"
		switch {
		case fields[1] == "":
		case strings.Contains(","+fields[1]+",", ",memory,"):
			base, name = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			files = append(files, path.Join(base, group, name))
			if group == "/" {
				break
			}
		}
	}
	return files
}

// machine is the memory of the machine, 0 if it is not known. root is the file system.
func machine(root fs.FS) (bytes int64) {
	text, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "MemTotal:"); is {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil && n > 0 {
				return min(n, noLimit>>10) << 10
			}
		}
	}
	return 0
}
