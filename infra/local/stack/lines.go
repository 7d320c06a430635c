package stack

import (
	"encoding/json"
	"net/http"
	"strings"
)

// LinesPath is the path of the API's port at which the last log lines about an
// organization, by its key in the parameter org, are read, newest last.
const LinesPath = "/_local/lines"

const maxLines = 500

// ServeHTTP answers with the log lines that name an organization.
func (l *logs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lines, named := []string{}, ""
	if org := r.URL.Query().Get("org"); org != "" {
		text, _ := json.Marshal(org) // strings always encode
		named = `":` + string(text)
	}
	l.mu.Lock()
	kept := string(l.kept)
	l.mu.Unlock()
	for line := range strings.Lines(kept) {
		if strings.Contains(line, named) {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string][]string{"lines": lines[max(0, len(lines)-maxLines):]}) // the client may have gone
}
