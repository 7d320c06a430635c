package gateway

import (
	"log/slog"
	"net/http"

	"signpost/shared/secret"
)

// OriginHeader is the header in which a proxy in front of the API shows that a
// request came through it.
const OriginHeader = "X-Origin-Key"

// WithOriginKey has a [Handler] refuse every request without the key in
// [OriginHeader], before anything else of it is looked at: where a firewall is
// in front of the API, the API's own address would be a way around it. API
// Gateway's HTTP APIs can refuse nobody by themselves. The zero key lets
// everybody through.
func WithOriginKey(key secret.String) Option {
	return func(o *options) { o.originKey = key }
}

// forbidden is the answer to a request that did not come through the proxy, as
// API Gateway words it.
var forbidden = Response{
	Status: http.StatusForbidden, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"message":"Forbidden"}`,
}

// admits reports whether the request came the way that it must.
func (o options) admits(request Request) bool {
	if o.originKey.IsZero() || o.originKey.Equal(secret.New(request.Header(OriginHeader))) {
		return true
	}
	request.Note(slog.String("outcome", "forbidden"))
	return false
}
