package vendorapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"signpost/shared/gateway"
	"signpost/shared/installation"
)

const (
	defaultLimit, maxLimit = 50, 200
	// maxExamined is how many rows a request examines: fewer than the limit may match.
	maxExamined = 2000
	// batch is how many rows are read at a time.
	batch = 100
)

// cursor is a place in the list of all installations: shard by shard, in the order of
// their keys.
type cursor struct {
	shard int
	place string // the last key, as [installation.Key.Text]
}

func (c cursor) text() string { return joined(int64(c.shard), c.place) }

func parseCursor(text string) (cursor, bool) {
	shard, place, ok := split(text)
	return cursor{int(shard), place}, ok && shard >= 0 && shard < installation.Shards
}

// joined is the text of any list's cursor, which is a number and a text.
func joined(number int64, text string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(number, 10) + " " + text))
}

// split is the inverse of joined; "" is the beginning of a list.
func split(cursor string) (number int64, text string, ok bool) {
	if cursor == "" {
		return 0, "", true
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	digits, text, found := strings.Cut(string(raw), " ")
	number, numberErr := strconv.ParseInt(digits, 10, 64)
	return number, text, err == nil && numberErr == nil && found
}

// query is what GET /installations asks for. An empty filter selects all.
type query struct {
	limit          int
	from           cursor
	state          string
	channel, appID string
	trouble        *bool
}

// states are those of installations, tombstones left out.
var states = []string{string(installation.Active), string(installation.TokenInvalid)}

// parseQuery returns the query, or a malformed request with all its problems.
func parseQuery(request gateway.Request) (query, error) {
	q := query{
		state: request.QueryValue("state"), channel: request.QueryValue("channel"),
		appID: strings.ToLower(request.QueryValue("appId")),
	}
	var problems []string
	var ok bool
	if q.limit, ok = limitOf(request, defaultLimit, maxLimit); !ok {
		problems = append(problems, wrongLimit(maxLimit))
	}
	if q.from, ok = parseCursor(request.QueryValue("cursor")); !ok {
		problems = append(problems, wrongCursor)
	}
	if q.state != "" && !slices.Contains(states, q.state) {
		problems = append(problems, "state must be one of "+strings.Join(states, ", "))
	}
	switch raw := request.QueryValue("trouble"); raw {
	case "":
	case "true", "false":
		wanted := raw == "true"
		q.trouble = &wanted
	default:
		problems = append(problems, "trouble must be true or false")
	}
	if len(problems) > 0 {
		return query{}, malformedQuery(problems)
	}
	return q, nil
}

const wrongCursor = "cursor must be the next of an earlier response"

func malformedQuery(problems []string) error {
	return gateway.Malformed("In the query, " + strings.Join(problems, "; ") + ".")
}

func wrongLimit(most int) string {
	return fmt.Sprintf("limit must be a whole number from 1 to %d", most)
}

// limitOf returns the limit of a page, usual if none is asked for.
func limitOf(request gateway.Request, usual, most int) (limit int, ok bool) {
	raw := request.QueryValue("limit")
	if raw == "" {
		return usual, true
	}
	limit, err := strconv.Atoi(raw)
	return limit, err == nil && limit >= 1 && limit <= most
}

func (q query) selects(view View) bool {
	return (q.state == "" || q.state == string(view.State)) && (q.channel == "" || q.channel == view.Channel) &&
		(q.appID == "" || q.appID == view.AppID) && (q.trouble == nil || *q.trouble == (view.Trouble != nil))
}

// installations is a page of the list.
type installations struct {
	Installations []View `json:"installations"`
	// Next is the cursor of the next page, "" if there is none.
	Next string `json:"next,omitempty"`
}

// list handles GET /installations.
func (a API) list(ctx context.Context, request gateway.Request) (gateway.Response, error) {
	q, err := parseQuery(request)
	if err != nil {
		return gateway.Response{}, err
	}
	v, err := a.viewer(ctx)
	if err != nil {
		return gateway.Response{}, err
	}
	list, unreadable, err := a.page(ctx, v, q)
	if err != nil {
		return gateway.Response{}, err
	}
	request.Note(slog.String("action", "list"), slog.Int("installations", len(list.Installations)))
	if unreadable != nil {
		request.Note(slog.String("cause", unreadable.Error()))
	}
	return gateway.JSON(http.StatusOK, list)
}

// page reads from the query's cursor on, until the page is full, enough rows were
// examined, or all were read. unreadable names a row that cannot be decoded.
func (a API) page(ctx context.Context, v viewer, q query) (list installations, unreadable, err error) {
	list.Installations = []View{}
	at := q.from
	for examined := 0; at.shard < installation.Shards && examined < maxExamined; {
		read, err := a.Store.Page(ctx, at.shard, at.place, batch)
		if err != nil {
			return list, unreadable, err
		}
		if read.Unreadable != nil {
			unreadable = read.Unreadable
		}
		for _, row := range read.Rows {
			if len(list.Installations) == q.limit {
				list.Next = at.text()
				return list, unreadable, nil
			}
			at.place = row.Key.Text()
			if view := v.view(row); q.selects(view) {
				list.Installations = append(list.Installations, view)
			}
		}
		examined += max(len(read.Rows), 1)
		if at.place = read.Last; read.End {
			at = cursor{shard: at.shard + 1}
		}
	}
	if at.shard < installation.Shards {
		list.Next = at.text()
	}
	return list, unreadable, nil
}
