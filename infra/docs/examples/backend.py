"""A vendor's back end: it redeems launches, lists its customers and receives events.

SIGNPOST_URL=http://127.0.0.1:3000 CONTENT_API_KEY=… VENDOR_API_KEY=… EVENTS_KEYS=… python3 backend.py
"""
import json
import os
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import Request, urlopen

EVENTS_KEYS = [key for key in os.environ["EVENTS_KEYS"].split(",") if key]  # two while the key changes
EVENTS = {}  # the newest event of each installation

def signpost(method, path, key):
    request = Request(os.environ["SIGNPOST_URL"] + path, method=method, headers={"Authorization": "Bearer " + key})
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)

def installations(cursor=""):
    while cursor is not None:
        page = signpost("GET", "/installations?cursor=" + quote(cursor), os.environ["VENDOR_API_KEY"])
        yield from page["installations"]
        cursor = page.get("next")

def content(query, *_):
    """Only a POST redeems: a link preview would use up the code. What it answers is at an
    address without the code."""
    code = quote(query["launch"][0], safe="")
    return "text/html", f'<form method="post" action="/content"><button name="launch" value="{code}">Continue</button></form>'

def redeem(_, body, headers):
    launch = signpost("POST", "/launches/" + quote(parse_qs(body)["launch"][0], safe=""), os.environ["CONTENT_API_KEY"])
    devices = [device.get("displayName", device["deviceId"]) for device in launch["devices"]]
    return "text/plain", f"{launch['task']} for {launch['orgName']}: {', '.join(devices)}"

def customers(*_):
    return "application/json", json.dumps([{
        "orgKey": i["orgKey"], "orgName": i["orgName"], "state": i["state"],
        "event": EVENTS.get((i["orgKey"], i["appId"]), {}).get("detail-type")} for i in installations()])

def at(event):
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00"))

def receive(_, body, headers):
    """Events arrive at least once and in any order: the version of the row says which is newer.
    A week after a removal it may begin again."""
    if headers["X-Api-Key"] not in EVENTS_KEYS:
        raise PermissionError("unknown key")
    event = json.loads(body)
    key = event["detail"].get("orgKey"), event["detail"].get("appId")
    known = EVENTS.get(key)
    if known and known["detail-type"] == "installation.removed" and at(event) - at(known) > timedelta(days=7):
        known = None
    if key[0] and (known is None or known["detail"]["version"] < event["detail"]["version"]):
        EVENTS[key] = event
    return "text/plain", ""

ROUTES = {"GET /content": content, "POST /content": redeem, "GET /customers": customers, "POST /events": receive}

class Handler(BaseHTTPRequestHandler):
    def serve(self):
        url, body = urlsplit(self.path), self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        try:
            status, (kind, text) = 200, ROUTES[f"{self.command} {url.path}"](parse_qs(url.query), body, self.headers)
        except KeyError:
            status, kind, text = 404, "text/plain", "not found"
        except PermissionError as error:
            status, kind, text = 401, "text/plain", str(error)
        except HTTPError as error:
            status, kind, text = 404 if error.code == 404 else 502, "text/plain", str(error)
        except Exception as error:
            status, kind, text = 500, "text/plain", str(error)
        self.send_response(status)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(text.encode())
    do_GET = do_POST = serve

server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
