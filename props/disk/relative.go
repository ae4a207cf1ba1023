package disk

import "path/filepath"

// Relative is a path as seen from a folder, with slashes, so that both may move together; the
// absolute one where there is no way between them. An empty path stays empty.
func Relative(folder, path string) string {
	if path == "" || folder == "" {
		return path
	}
	from, err := filepath.Abs(folder)
	if err != nil {
		return filepath.ToSlash(path)
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	if rel, err := filepath.Rel(from, to); err == nil {
		to = rel
	}
	return filepath.ToSlash(to)
}
