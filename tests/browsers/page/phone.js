// A phone in a page, on JsSIP. Every function that waits resolves with the event it waits for.
"use strict";

const enough = 50; // packets each way: a second of sound

class Phone {
  constructor() {
    this.descriptions = []; // what came from the other side
    this.messages = [];
    this.events = [];       // of this phone, by name, and who waits for them
    this.waiting = [];
    this.session = null;
    this.relays = null;
    this.transports = "relay"; // which candidates it offers once it has relays
  }

  happened(name, value = null) {
    this.events.push({ name, value });
    this.waiting = this.waiting.filter(look => !look());
  }

  /// The next event of that name that nobody has waited for yet.
  waits(name) {
    return new Promise(resolve => {
      const look = () => {
        const at = this.events.findIndex(event => event.name === name);
        if (at < 0) return false;
        resolve(this.events.splice(at, 1)[0].value);
        return true;
      };
      if (!look()) this.waiting.push(look);
    });
  }

  // ---- registration

  register({ server, user, domain, password, answers }) {
    const socket = new JsSIP.WebSocketInterface(server);
    this.account = { server, user, domain, password };
    this.agent = new JsSIP.UA({
      sockets: [socket], uri: `sip:${user}@${domain}`, password, register_expires: 600, user_agent: "page",
      session_timers: false, connection_recovery_min_interval: 1, connection_recovery_max_interval: 2 });
    for (const name of ["registered", "registrationFailed", "disconnected"])
      this.agent.on(name, event => this.happened(name, event.cause ?? null));
    this.agent.on("newRTCSession", ({ originator, session }) => {
      this.take(session);
      if (originator !== "remote") return;
      this.happened("incoming", session.remote_identity.uri.toString());
      if (answers) session.answer(this.media());
    });
    this.agent.on("newMessage", ({ originator, message, request }) => {
      if (originator !== "remote") return;
      this.happened("message", { from: message.remote_identity.uri.toString(), text: request.body });
    });
    this.agent.start();
    return this.waits("registered");
  }

  unregister() {
    this.agent.stop();
    return this.waits("disconnected");
  }

  // ---- calls

  media() {
    const relays = this.relays;
    return { mediaConstraints: { audio: true, video: false },
             pcConfig: { iceServers: relays ? [relays] : [], iceTransportPolicy: relays ? this.transports : "all" },
             sessionTimersExpires: 120 };
  }

  take(session) {
    this.session = session;
    session.on("sdp", ({ originator, sdp }) => { if (originator === "remote") this.descriptions.push(sdp); });
    for (const name of ["progress", "confirmed", "hold", "unhold"]) session.on(name, () => this.happened(name));
    for (const name of ["ended", "failed"]) session.on(name, event => this.happened(name, event.cause));
    const hears = connection => connection.addEventListener("track", ({ streams }) => {
      document.getElementById("heard").srcObject = streams[0];
    });
    if (session.connection) hears(session.connection);
    session.on("peerconnection", ({ peerconnection }) => hears(peerconnection));
  }

  call(target) {
    this.agent.call(target, this.media());
    return this.waits("confirmed");
  }

  rings(target) {
    this.agent.call(target, this.media());
    return this.waits("progress");
  }

  hangUp() {
    this.session.terminate();
    return this.waits("ended");
  }

  callFails(target) {
    this.agent.call(target, this.media());
    return this.waits("failed");
  }

  declines() {
    this.session.terminate({ status_code: 486 });
  }

  givesUp() {
    this.session.terminate();
  }

  /// Until the other side has agreed.
  hold() {
    return new Promise((resolve, reject) => { if (!this.session.hold({}, resolve)) reject(Error("not now")); });
  }

  unhold() {
    return new Promise((resolve, reject) => { if (!this.session.unhold({}, resolve)) reject(Error("not now")); });
  }

  /// Waits until the browser has noticed that this is its address now.
  async hasAddress(address) {
    for (let found = false; !found;) {
      const probe = new RTCPeerConnection();
      probe.createDataChannel("probe");
      await probe.setLocalDescription();
      found = await new Promise(resolve => {
        probe.onicecandidate = ({ candidate }) => {
          if (!candidate || candidate.address === address) resolve(Boolean(candidate));
        };
      });
      probe.close();
    }
  }

  /// New candidates after a change of network (RFC 8839 4.4.1).
  restartIce() {
    return new Promise((resolve, reject) => {
      if (!this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } }, resolve)) reject(Error("not now"));
    });
  }

  sendMessage(target, text) {
    return new Promise((resolve, reject) => this.agent.sendMessage(target, text, {
      eventHandlers: { succeeded: () => resolve(), failed: event => reject(Error(event.cause)) } }));
  }

  received() { return this.descriptions; }

  // ---- what WebRTC says of it

  async stats() {
    const all = [...(await this.session.connection.getStats()).values()];
    const one = type => all.find(entry => entry.type === type) ?? {};
    const transport = one("transport");
    const pair = all.find(entry => entry.id === transport.selectedCandidatePairId) ?? {};
    return { dtls: transport.dtlsState,
             received: one("inbound-rtp").packetsReceived ?? 0, sent: one("outbound-rtp").packetsSent ?? 0,
             local: all.find(entry => entry.id === pair.localCandidateId),
             remote: all.find(entry => entry.id === pair.remoteCandidateId),
             own: all.filter(entry => entry.type === "local-candidate"),
             candidates: all.filter(entry => entry.type === "remote-candidate") };
  }

  offersAllCandidates() { this.transports = "all"; }

  /// Waits until sound has gone both ways for a while from now on.
  async hears() {
    const before = await this.stats();
    for (;;) {
      const now = await this.stats();
      if (now.dtls === "connected" && now.received - before.received > enough && now.sent - before.sent > enough)
        return now;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  }

  // ---- what any page can try

  opens(server) {
    return new Promise(resolve => {
      const socket = new WebSocket(server, "sip");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    });
  }

  fetches(url) {
    return fetch(url).then(() => "fetched", () => "refused");
  }

  // ---- TURN credentials (docs/browsers.md)

  async fetchRelays() {
    const { server, user, domain, password } = this.account;
    const target = `/?service=turn&username=${encodeURIComponent(`${user}@${domain}`)}`;
    const url = server.replace(/^wss/, "https").replace(/\/$/, "") + target;
    const asks = authorization => fetch(url, {
      credentials: "omit", cache: "no-store", headers: authorization ? { Authorization: authorization } : {} });
    let response = await asks();
    for (let tries = 0; response.status === 401 && tries < 2; ++tries) {
      const challenge = response.headers.get("WWW-Authenticate");
      response = await asks(answer(challenge, user, password, "GET", target));
    }
    if (response.status !== 200) throw Error(`no relays but ${response.status}`);
    const given = await response.json();
    this.relays = { urls: given.uris, username: given.username, credential: given.password };
    return given;
  }
}

/// Digest (RFC 7616 3.4) with MD5, which JsSIP has to bring: browsers have no MD5.
function answer(challenge, user, password, method, uri) {
  const value = name => challenge.match(new RegExp(`${name}="?([^",]*)`))[1];
  const [realm, nonce] = [value("realm"), value("nonce")];
  const hash = JsSIP.Utils.calculateMD5;
  const cnonce = crypto.randomUUID();
  const response = hash([hash(`${user}:${realm}:${password}`), nonce, "00000001", cnonce, "auth",
                         hash(`${method}:${uri}`)].join(":"));
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=MD5, qop=auth, ` +
         `nc=00000001, cnonce="${cnonce}", response="${response}"`;
}

window.phone = new Phone();
