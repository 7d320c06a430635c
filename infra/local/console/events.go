package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// refreshes are the delays of the updates after a change; the last one repeats.
// There are several because a function writes its row after its call to Webex,
// and that write is not announced.
var refreshes = []time.Duration{40 * time.Millisecond, 250 * time.Millisecond, time.Second, 3 * time.Second, 5 * time.Second}

// stream sends updates as server-sent events: "part" with the new content of a
// part, "wire" with exchanges that began or ended, "gone" with another page's address when
// the organization or the integration no longer exists. It starts with what changed since the page was rendered.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	mark, _ := strconv.ParseInt(r.URL.Query().Get("mark"), 10, 64) // 0 is the beginning
	s := &stream{console: c, w: w, orgID: r.URL.Query().Get("org"), clientID: clientOf(r), mark: mark, versions: map[string]string{}}
	for entry := range strings.FieldsSeq(r.URL.Query().Get("versions")) {
		name, version, _ := strings.Cut(entry, ":")
		s.versions[name] = version
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	happened, end := c.options.Wire.watch()
	defer end()
	// The comment makes the browser report the stream as open.
	if _, err := fmt.Fprint(w, ": open\n\n"); err != nil {
		return
	}
	if err := s.update(ctx); err != nil {
		return
	}
	next := len(refreshes) - 1
	timer := time.NewTimer(refreshes[next])
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.closed:
			return
		case <-happened:
			if next == 0 {
				continue // an update is due shortly
			}
			next = 0
		case <-timer.C:
			if err := s.update(ctx); err != nil {
				return
			}
			next = min(next+1, len(refreshes)-1)
		}
		timer.Reset(refreshes[next])
	}
}

type stream struct {
	console  *Console
	w        http.ResponseWriter
	orgID    string
	clientID string
	mark     int64
	versions map[string]string // of the parts that the page shows
}

func (s *stream) update(ctx context.Context) error {
	if err := s.sendWire(); err != nil {
		return err
	}
	shown, ok := s.console.scopeOf(s.orgID, s.clientID)
	if !ok {
		return s.send("gone", s.console.home(s.orgID))
	}
	for _, p := range parts {
		view, version := p.look(ctx, s.console, shown, s.versions[p.name])
		if view == nil {
			continue
		}
		html, err := rendered(p.name, view)
		if err != nil {
			return err
		}
		if err := s.send("part", map[string]string{"name": p.name, "version": version, "html": string(html)}); err != nil {
			return err
		}
		s.versions[p.name] = version
	}
	return http.NewResponseController(s.w).Flush()
}

func (s *stream) sendWire() error {
	exchanges, mark := s.console.options.Wire.Since(s.mark)
	if len(exchanges) == 0 {
		return nil
	}
	s.mark = mark
	type row struct {
		ID   int64  `json:"id"`
		HTML string `json:"html"`
	}
	names, rows := s.console.names(), []row{}
	for i := range exchanges {
		e := exchanges[len(exchanges)-1-i] // oldest first: the page inserts each at the top
		html, err := rendered("row", map[string]any{"Exchange": e, "Names": names})
		if err != nil {
			return err
		}
		rows = append(rows, row{e.ID, string(html)})
	}
	return s.send("wire", map[string]any{"mark": mark, "rows": rows})
}

func (s *stream) send(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, text)
	return err
}
