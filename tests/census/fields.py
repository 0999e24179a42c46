"""Every field that a client can fill, as templates. In them stand {w} for a word, {n} for a number and {a} for an IPv4
address that occur nowhere else; each occurrence is a token of its own. None of these may reach anybody."""

# Header fields of requests and responses alike, whatever the method: RFC 3261 20, the registry at IANA, and vendors' own.
COMMON = {
    "Accept": "application/sdp;level={w}, application/x-{w}",
    "Accept-Contact": '*;+sip.{w}="<{w}>"',
    "Accept-Encoding": "{w}",
    "Accept-Language": "x-{w}",
    "Accept-Resource-Priority": "{w}.1",
    "Alert-Info": "<http://{w}.invalid/{w}>",
    "Allow": "INVITE, ACK, CANCEL, BYE, INFO, MESSAGE, NOTIFY, PRACK, REFER, UPDATE, {w}",
    "Allow-Events": "refer, {w}",
    "Answer-Mode": "Manual;{w}",
    "Call-Info": "<http://{w}.invalid/>;purpose=icon",
    "Content-Language": "x-{w}",
    "Content-ID": "<{w}@{w}.invalid>",
    "Date": "Mon, 23 Nov 2026 10:00:00 GMT {w}",
    "Diversion": '"{w}" <sip:{w}@{w}.invalid>;reason={w};counter=1',
    "Encryption": "pgp version=2.6.2;key={w}",
    "Feature-Caps": "*;+g.{w}",
    "Geolocation": "<cid:{w}@{w}.invalid>",
    "Geolocation-Error": '400 ;code="{w}"',
    "History-Info": "<sip:{w}@{w}.invalid?Reason=SIP%3Bcause%3D302%3Btext%3D{w}>;index=1",
    "Identity": "{w};info=<https://{w}.invalid/cert>;alg=ES256",
    "Identity-Info": "<https://{w}.invalid/cert>;alg=rsa-sha1",
    "In-Reply-To": "{w}@{w}.invalid",
    "Join": None, "Replaces": None, "Target-Dialog": None,   # quote a dialog: see replay_test.py
    "Max-Breadth": None, "Route": None,                      # act on the request itself
    "Organization": "{w}",
    "Min-SE": "{n}",
    "P-Access-Network-Info": "3GPP-E-UTRAN-FDD;utran-cell-id-3gpp={w}",
    "P-Answer-State": "Confirmed;{w}",
    "P-Asserted-Identity": '"{w}" <sip:{w}@{w}.invalid>',
    "P-Asserted-Service": "urn:urn-7:3gpp-service.{w}",
    "P-Associated-URI": "<sip:{w}@{w}.invalid>",
    "P-Called-Party-ID": "<sip:{w}@{w}.invalid>",
    "P-Charging-Function-Addresses": "ccf={a};ecf={w}",
    "P-Charging-Vector": "icid-value={w};icid-generated-at={a};orig-ioi={w}",
    "P-Early-Media": "supported,{w}",
    "P-Media-Authorization": "{n}",
    "P-Preferred-Identity": '"{w}" <sip:{w}@{w}.invalid>',
    "P-Preferred-Service": "urn:urn-7:3gpp-service.{w}",
    "P-Profile-Key": "<sip:{w}@{w}.invalid>",
    "P-Served-User": "<sip:{w}@{w}.invalid>;sescase=orig",
    "P-User-Database": "<aaa://{w}.invalid>",
    "P-Visited-Network-ID": '"{w}"',
    "Path": "<sip:{w}@{w}.invalid;lr>",
    "Priority": "{w}",
    "Priv-Answer-Mode": "Auto;{w}",
    "Reason": 'SIP;cause=200;text="{w}", X-{w};cause=1;text="{w}", SIP;cause={n}',
    "Record-Route": "<sip:{w}@{w}.invalid;lr;{w}>",
    "Recv-Info": "{w}",
    "Refer-Sub": "true;{w}",
    "Reject-Contact": '*;{w}="<{w}>"',
    "Remote-Party-ID": '"{w}" <sip:{w}@{a}>;party=calling;screen=yes',
    "Reply-To": '"{w}" <sip:{w}@{w}.invalid>',
    "Request-Disposition": "proxy,{w}",
    "Resource-Priority": "{w}.2",
    "Security-Client": "tls;{w}={w}",
    "Security-Verify": "tls;{w}={w}",
    "Service-Route": "<sip:{w}@{w}.invalid;lr>",
    "Session-Expires": "1800;refresher=uac;{w}={w}",
    "Session-ID": "{n}0000000000000000aa;remote={n}0000000000000000bb",
    "SIP-ETag": "{w}",
    "Subject": "{w}",
    "Suppress-If-Match": "{w}",
    "Supported": "100rel, replaces, timer, {w}",
    "Timestamp": "{n}.5",
    "Trigger-Consent": "sip:{w}@{w}.invalid;target-uri=sip:{w}@{w}.invalid",
    "User-to-User": "{w};encoding=hex;purpose={w}",
    "X-Forwarded-For": "{a}",
    "X-{w}": "{w}",
}

REQUEST = {
    "User-Agent": "{w}/{n}",
    "Proxy-Authorization": 'Digest username="{w}", realm="{w}.invalid", nonce="{w}", uri="sip:{w}.invalid", '
                           'response="{w}", opaque="{w}"',
    "Permission-Missing": "sip:{w}@{w}.invalid",
}

RESPONSE = {
    "Authentication-Info": 'nextnonce="{w}"',
    "Error-Info": "<http://{w}.invalid/{w}>",
    "Flow-Timer": "{n}",
    "Proxy-Authenticate": 'Digest realm="{w}", nonce="{w}", opaque="{w}"',
    "Proxy-Authentication-Info": 'nextnonce="{w}"',
    "Retry-After": "120 ({w});duration=60;{w}={w}",
    "Security-Server": "tls;{w}={w}",
    "Server": "{w}/{n}",
    "Session-Expires": "1800;refresher={w}",
    "Unsupported": "{w}",
    "Warning": '305 {w}.invalid "{w}", 399 {w} "{w}"',
    "WWW-Authenticate": 'Digest realm="{w}", nonce="{w}"',
}

# Parameters of the values that every message has; {value} is what stood there.
FROM_DISPLAY = "Shown {w}"   # of INVITE and MESSAGE: the one free text of a caller that a callee is to see
FROM_URI = ";user=phone;{w}={w}"
FROM_PARAMS = ";{w}={w}"
TO_DISPLAY = "{w}"
TO_URI = ";{w}={w}"
TO_PARAMS = ";{w}={w}"
REQUEST_URI = ";isub={w};{w}={w}"
VIA_PARAMS = ";{w}={w};alias"
CONTACT_DISPLAY = "{w}"
CONTACT_URI = ";{w}={w};ob"   # of the registered Contact: constant for a phone
CONTACT_PARAMS = ';+sip.{w}="<{w}>";methods="INVITE,{w}";video;{w}={w}'
CONTENT_TYPE_PARAMS = ";{w}={w}"
CONTENT_DISPOSITION = "session;handling={w};{w}={w}"

# Lines of a session description; those in front of the first m= line, and those of its one section.
SDP_SESSION = [
    "i={w}", "u=http://{w}.invalid/{w}", "e={w}@{w}.invalid ({w})", "p=+{n} ({w})", "b=X-{w}:128", "t={n} {n}",
    "r={n} 1h 0", "z={n} -1h", "k=clear:{w}", "a=tool:{w}", "a=lang:x-{w}", "a=sdplang:x-{w}", "a=charset:{w}",
    "a=keywds:{w}", "a=cat:{w}", "a=type:{w}", "a=identity:{w}", "a=msid-semantic: WMS {w}", "a=ice-pacing:{n}",
    "a=group:{w} audio", "a=source-filter: incl IN IP4 * {a}", "a=X-nat:{w}", "a={w}", "a=key-mgmt:mikey {w}",
    "a=ice-options:trickle {w}",
]
SDP_MEDIA = [
    "i={w}", "b=X-{w}:64", "k=prompt:{w}", "a=label:{w}", "a=content:{w}", "a=i18n:{w}", "a=rtcp-xr:{w}",
    "a=rtpmap:101 x-{w}/8000", "a=fmtp:101 {w}", "a=fmtp:96 {w}={w};x-{w}=1", "a=rtcp-fb:96 {w} {w}", "a=quality:{n}",
    "a=extmap:9 urn:{w}:{w}", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{w}{w}{w}", "a=msid:{w} {w}",
    "a=ssrc:{ssrc} cname:{w}@{w}.invalid", "a=ssrc:{ssrc} msid:{w} {w}", "a=ssrc:{ssrc} mslabel:{w}",
    "a=ssrc:{ssrc} label:{w}",
    "a=candidate:{w} 1 udp 2113937151 {host} 40100 typ host generation 0 network-id 3 network-cost 10 {w} {w}",
    "a=candidate:{w} 1 udp 1677729535 {reflexive} 40101 typ srflx raddr {a} rport 40102 ufrag {w} network-id 4",
    "a=candidate:{w} 1 udp 33562367 {relay} 40103 typ relay raddr {a} rport 40104 {w} {w}",
    "a=candidate:{w} 1 {w} 1 {a} 9 typ {w}", "a=X-{w}:{w}", "a={w}:{w}",
    "a=candidate:{w} 1 udp 1 {w}.local 9 typ host", "a=remote-candidates:1 {w}.invalid 9", "a=rtcp:9 IN IP4 {w}.invalid",
    "a=fingerprint:{w} AB:CD", "a=fmtp:8 {n}/{n}", "a=fmtp:97 {n}", "a=ptime:{n}", "a=maxptime:{n}", "a=tls-id:{w}",
    "a=sctp-port:{n}", "a=rid:hi send {w}={w};pt={w},{n};max-width={n}", "a=simulcast:send {w};{w}",
    "a=extmap:{n} urn:ietf:params:rtp-hdrext:toffset", "a=rtcp-fb:96 trr-int {n}", "a=zrtp-hash:{w} {w}",
    "a=fmtp:96 config={n}", "a=fmtp:8 config={n}", "a=ssrc-group:FID {n} {ssrc}",
]
# Bodies that phones send each other, as those of MESSAGE and INFO.
CPIM = ("From: {w} <im:{w}@{w}.invalid>\r\nTo: {w} <im:{w}@{w}.invalid>\r\ncc: <im:{w}@{w}.invalid>\r\nDateTime: {w}\r\n"
        "Subject: {w}\r\nNS: imdn <urn:{w}>\r\nimdn.Message-ID: {w}\r\n{w}: {w}\r\n\r\n"
        "Content-Type: text/plain;{w}={w}\r\nContent-ID: <{w}@{w}>\r\n{w}: {w}\r\n\r\n")
COMPOSING = ("<?xml version='1.0'?><!-- {w} --><isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing' {w}='{w}'>"
             "<state {w}='{w}'>active</state><lastactive>{w}</lastactive><contenttype>{w}</contenttype><refresh>{n}</refresh>"
             "<{w}>{w}</{w}></isComposing>")
PICTURE = ("<!-- {w} --><media_control {w}='{w}'><vc_primitive><stream_id>{w}</stream_id><to_encoder>"
           "<picture_fast_update>{w}</picture_fast_update></to_encoder></vc_primitive></media_control>")
FRAGMENT = ("a=group:{w} audio\r\na=X-{w}:{w}\r\nm=audio {port} RTP/{w} {w}\r\na=mid:audio\r\n"
            "a=candidate:{w} 1 udp 2113937151 {host} 40100 typ host {w} {w}\r\na=candidate:{w} 1 udp 1 {w}.local 9 typ host\r\n"
            "a={w}:{w}\r\n")
SIGNED_TEXT = "Content-Type: text/plain\r\n\r\n"   # and what the message says: signed, so not to be changed
SIGNATURE = "Content-Type: application/pkcs7-signature; name={w}.p7s\r\nContent-Description: {w}\r\n{w}: {w}\r\n\r\nMIIB\r\n"
# What the other side needs of a description, as a phone writes it.
SDP_NEEDED = [
    "a=fingerprint:sha-256 {fingerprint}", "a=setup:{setup}", "a=ice-ufrag:{ufrag}", "a=ice-pwd:{pwd}", "a=mid:audio",
    "a=rtcp-mux", "a=ptime:20", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000", "a=fmtp:97 0-15",
    "a=fmtp:96 useinbandfec=1", "a=rtcp-fb:96 transport-cc", "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a={direction}",
]

# What one party needs of the other: how it must show at the other side, as a regular expression. Names in braces are
# filled in from what that party has sent.
NEEDED = {
    "shown address": r"^From: .*<sip:{user}@example\.org>",
    "shown display name": r'^From: "Shown (?:{display})" ',
    "methods": r"^Allow: INVITE, ACK, BYE, CANCEL, INFO, MESSAGE, NOTIFY, PRACK, REFER, UPDATE$",
    "option tags": r"^Supported: 100rel, replaces, timer$",
    "media types": r"^Accept: application/sdp$",
    "session refresh": r"^Session-Expires: 1800;refresher=uac$",
    "reliable answers": r"^RSeq: \d+$",
    "acknowledged answer": r"^RAck: 7001 \d+ INVITE$",
    "cause": r"^Reason: SIP;cause=200$",
    "when to try again": r"^Retry-After: 120$",
    "warning code": r"^Warning: 305 ",
    "key fingerprint": r"^a=fingerprint:sha-256 {fingerprint}$",
    "DTLS role": r"^a=setup:actpass$",
    "ICE user": r"^a=ice-ufrag:{ufrag}$",
    "ICE password": r"^a=ice-pwd:{pwd}$",
    "host candidate": r"^a=candidate:\d+ 1 UDP 2130706431 {host} 40100 typ host$",
    "reflexive candidate": r"^a=candidate:\d+ 1 UDP 1694498815 {reflexive} 40101 typ srflx raddr 0\.0\.0\.0 rport 9$",
    "relay candidate": r"^a=candidate:\d+ 1 UDP 16777215 {relay} 40103 typ relay raddr 0\.0\.0\.0 rport 9$",
    "trickling": r"^a=ice-options:trickle$",
    "media address": r"^c=IN IP4 {reflexive}$",
    "media port and codecs": r"^m=audio 40101 UDP/TLS/RTP/SAVPF 96 8 97$",
    "codec": r"^a=rtpmap:96 opus/48000/2$",
    "static codec": r"^a=rtpmap:8 PCMA/8000$",
    "tones in RTP": r"^a=rtpmap:97 telephone-event/8000$",
    "codec parameter": r"^a=fmtp:96 useinbandfec=1$",
    "feedback": r"^a=rtcp-fb:96 transport-cc$",
    "header extension": r"^a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level$",
    "source": r"^a=ssrc:{ssrc} cname:-$",
    "packet time": r"^a=ptime:20$",
    "mid": r"^a=mid:audio$",
    "rtcp-mux": r"^a=rtcp-mux$",
    "bundle": r"^a=group:BUNDLE audio$",
    "hold": r"^a=sendonly$",
    "message": r"^{message}",
    "message charset": r"^Content-Type: text/plain;charset=UTF-8$",
    "tone": r"^Signal=5$",
    "tone duration": r"^Duration=160$",
    "transfer target": r"^Refer-To: <sip:{transfer_target}@example\.org>$",
    "transfer progress": r"^SIP/2\.0 100 Trying$",
    "subscription": r"^Subscription-State: terminated;reason=noresource$",
}
