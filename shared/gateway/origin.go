package gateway

import (
	"log/slog"
	"net/http"

	"signpost/shared/secret"
)

// OriginHeader is the header in which a proxy in front of the API sends the key that
// shows that a request came through it.
const OriginHeader = "X-Origin-Key"

// WithOriginKey makes a [Handler] refuse every request without the key in
// [OriginHeader], before it reads anything else. Otherwise callers could avoid a
// firewall in front of the API by calling the API's own address, which HTTP APIs
// cannot prevent. The zero key admits every request.
func WithOriginKey(key secret.String) Option {
	return func(o *options) { o.originKey = key }
}

// forbidden is the response to a request that did not come through the proxy, in the
// form of API Gateway's own.
var forbidden = Response{
	Status: http.StatusForbidden, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"message":"Forbidden"}`,
}

// admits reports whether the request has the key, if one is required.
func (o options) admits(request Request) bool {
	if o.originKey.IsZero() || o.originKey.Equal(secret.New(request.Header(OriginHeader))) {
		return true
	}
	request.Note(slog.String("outcome", "forbidden"))
	return false
}
