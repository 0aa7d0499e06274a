-------------------------------- MODULE Call --------------------------------
(* A room with honest clients and an honest DeliveryService, on a network and on machines that fail.       *)
(* Timers are abstracted to "may fire": rank, pacing and jitter decide who is likely to go first, nothing  *)
(* else. Each action names the Rust function that does it.                                                 *)
EXTENDS Group, TLC

CONSTANTS
    Persons,   \* how many want to be in the call: they are 1..Persons, numbered as they come first
    Together,  \* how many of them are in it at the start
    Evil,      \* those of them that are insiders: they have the link, and do as they like
    Lazy,      \* those of the insiders that do nothing at all but their misdeeds
    Views,     \* {1}; {1, 2} with a server that shows two logs
    NoPost,    \* no post
    Record,    \* whether `did` tells what happened, for counterexamples that are to be replayed
    Crashes, Freezes, Drops, Departures, Doubts, Foundings, Refusals, Rekeys, Misdeeds, Ghosts, Splits, Forgeries  \* how often

Person == 1..Persons

VARIABLES
    log,       \* view -> the log as it is shown to the clients of that view
    chain,     \* view -> for each entry, the last one up to it that counts for a member that makes no mistake; 0
    owner,     \* client -> the person; clients are numbered as they arrive
    run,       \* client -> "on", "frozen", "gone" (has dropped its group and everything; others may not know yet), or, with
               \* a mistake, "ended"
    up,        \* client -> whether it has a connection
    view,      \* client -> the log that it is shown
    read,      \* client -> how many entries it has processed
    state,     \* client -> the group's state that it holds
    began,     \* client -> the entry with which the epoch of that state began
    entering,  \* client -> the commit that added it, until the server has taken its `Enter`; 0
    pending,   \* client -> its post whose place in the log it does not know yet
    made,      \* client -> how many commits it has made, from 0 again after three: a client may be refused for ever
    wire,      \* client -> the same post on its way to the server, a refusal on its way back, or NoPost
    misled,    \* clients that a Welcome led into another group than the room's
    away,      \* persons that are gone for good
    left,      \* how much may still go wrong
    did        \* the last action, if Record

vars == <<log, chain, owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away, left>>

Known == 1..Len(owner)
Honest == {c \in Known : owner[c] \notin Evil}
Log(c) == log[view[c]]
Read(c) == SubSeq(Log(c), 1, read[c])
On(c) == run[c] = "on"
Works(c) == On(c) /\ owner[c] \notin Lazy
IsPresent(c) == c \in Present(Log(c))

Budget ==
    [crash |-> Crashes, freeze |-> Freezes, drop |-> Drops, depart |-> Departures, doubt |-> Doubts, early |-> Foundings,
     refuse |-> Refusals, rekey |-> Rekeys, misdeed |-> Misdeeds, ghost |-> Ghosts, split |-> Splits, forge |-> Forgeries]
Spend(what) == left[what] > 0 /\ left' = [left EXCEPT ![what] = @ - 1]

(* The state that the first n entries of a log lead to, without any mistake. Nothing more than a function of the log. *)
Truth(v, n) == IF n = 0 \/ chain[v][n] = 0 THEN NoState ELSE log[v][chain[v][n]].commit

AppendTo(v, e) ==
    LET L == Append(log[v], e)
        n == Len(log[v])
        last == IF n = 0 THEN 0 ELSE chain[v][n]
        counts == \/ e.type = "founded"
                  \/ e.type = "committed" /\ last # 0 /\ Valid(L, n + 1, Truth(v, n), last)
    IN  /\ log' = [log EXCEPT ![v] = L]
        /\ chain' = [chain EXCEPT ![v] = Append(@, IF counts THEN n + 1 ELSE last)]

(* Nobody is there; or the first have met: they arrived, the first founded, and added the others, who entered. *)
FirstLog ==
    LET all == 1..Together
        group == Founding(1, 0)
        commit == Commit(group, 1, 0, all \ {1}, {}, FALSE, {})
    IN  CASE Together = 0 -> <<>>
          [] Together = 1 -> <<Arrived(1), Founded(1, 0, group)>>
          [] OTHER -> [i \in all |-> Arrived(i)]
                        \o <<Founded(1, 0, group), Committed(1, Together + 1, all \ {1}, commit, commit)>>
                        \o [i \in 1..(Together - 1) |-> Entered(i + 1)]
FirstBegan == IF Together = 1 THEN 2 ELSE Together + 2

Init ==
    LET each(x) == [c \in 1..Together |-> x]
        counts(i) == IF i <= Together THEN 0 ELSE IF i < FirstBegan THEN i ELSE FirstBegan
    IN  /\ log = [v \in Views |-> IF v = 1 THEN FirstLog ELSE <<>>]
        /\ chain = [v \in Views |-> IF v = 1 THEN [i \in DOMAIN FirstLog |-> counts(i)] ELSE <<>>]
        /\ owner = [c \in 1..Together |-> c]
        /\ run = each("on") /\ up = each(TRUE) /\ view = each(1)
        /\ read = each(Len(FirstLog)) /\ began = each(FirstBegan)
        /\ state = [c \in 1..Together |-> FirstLog[FirstBegan].commit]
        /\ entering = each(0) /\ pending = each(NoPost) /\ made = each(0) /\ wire = each(NoPost)
        /\ misled = {} /\ away = {}
        /\ left = Budget /\ did = <<>>

Did(what) == did' = IF Record THEN what ELSE <<>>

------------------------------------------------------------------------------
(* Arriving, leaving, failing *)

HasClient(p) == \E c \in Known : owner[c] = p /\ run[c] # "gone"

(* A person's client arrives; its snapshot shows what the log has led to.                                   *)
(* Rust: Session::identity_signed, Delivery::arrive, Attendee::new                                          *)
Arrive(p, v) ==
    /\ p \notin away /\ ~HasClient(p) /\ Len(owner) < Clients
    /\ \A q \in 1..(p - 1) : \E c \in Known : owner[c] = q
    /\ owner' = Append(owner, p)
    /\ AppendTo(v, Arrived(Len(owner) + 1))
    /\ run' = Append(run, "on") /\ up' = Append(up, TRUE) /\ view' = Append(view, v)
    /\ read' = Append(read, Len(log[v]) + 1)
    /\ state' = Append(state, NoState) /\ began' = Append(began, 0)
    /\ entering' = Append(entering, 0) /\ pending' = Append(pending, NoPost)
    /\ made' = Append(made, 0) /\ wire' = Append(wire, NoPost)
    /\ UNCHANGED <<misled, away, left>>

(* A client drops everything; what it had sent may still reach the server before it departs there.          *)
(* Rust: Session::arrive_anew, Session::drop_attendee                                                       *)
DropAs(c, what) ==
    /\ run' = [run EXCEPT ![c] = what]
    /\ state' = [state EXCEPT ![c] = NoState]
    /\ began' = [began EXCEPT ![c] = 0]
    /\ pending' = [pending EXCEPT ![c] = NoPost]
    /\ UNCHANGED <<up, view, entering, made, wire>>
Drop(c) == DropAs(c, "gone")
(* It has departed, and its person is still there: another client comes, unless the call is taken to be over. *)
DropDeparted(c) == DropAs(c, IF "departure_ends" \in Mistake THEN "ended" ELSE "gone")

(* A tab is closed or its worker dies; the person comes back, or does not. *)
Crash(c, forever) ==
    /\ run[c] # "gone" /\ Spend("crash") /\ Drop(c)
    /\ away' = IF forever THEN away \union {owner[c]} ELSE away
    /\ UNCHANGED <<log, chain, owner, read, misled>>

(* A client finds out that it has departed, and arrives anew. Rust: Lost::ArriveAnew, Session::lose *)
HearOfDeparture(c) ==
    /\ On(c) /\ ~IsPresent(c) /\ DropDeparted(c)
    /\ UNCHANGED <<log, chain, owner, read, misled, away, left>>

(* A client gives its place up on a doubt of its own: nothing that it could read came, the resume window is over, *)
(* an alarm. Rust: Attendee::handle_timeout, Session::handle_timeout                                              *)
Doubt(c) ==
    /\ On(c) /\ Spend("doubt") /\ Drop(c)
    /\ UNCHANGED <<log, chain, owner, read, misled, away>>

Freeze(c) ==
    /\ On(c) /\ Spend("freeze")
    /\ run' = [run EXCEPT ![c] = "frozen"]
    /\ UNCHANGED <<log, chain, owner, up, view, read, state, began, entering, pending, made, wire, misled, away>>

Wake(c) ==
    /\ run[c] = "frozen"
    /\ run' = [run EXCEPT ![c] = "on"]
    /\ UNCHANGED <<log, chain, owner, up, view, read, state, began, entering, pending, made, wire, misled, away, left>>

(* A connection is lost, and with it what was on its way. Rust: Session::disconnected, Delivery::disconnected *)
Disconnect(c) ==
    /\ run[c] # "gone" /\ up[c] /\ Spend("drop")
    /\ up' = [up EXCEPT ![c] = FALSE]
    /\ wire' = [wire EXCEPT ![c] = NoPost]
    /\ pending' = IF "post_thrown_away" \in Mistake THEN [pending EXCEPT ![c] = NoPost] ELSE pending
    /\ UNCHANGED <<log, chain, owner, run, view, read, state, began, entering, made, misled, away>>

(* It is resumed, and what has no known place in the log is sent again. Rust: Delivery::resume, Attendee::resume *)
Resume(c) ==
    /\ On(c) /\ ~up[c] /\ IsPresent(c)
    /\ up' = [up EXCEPT ![c] = TRUE]
    /\ wire' = [wire EXCEPT ![c] = pending[c]]
    /\ UNCHANGED <<log, chain, owner, run, view, read, state, began, entering, pending, made, misled, away, left>>

(* The server takes a client out: it left, was silent or lagged for too long. Rust: Delivery::depart *)
Depart(c) ==
    /\ IsPresent(c)
    /\ "silent_stay" \in Mistake => On(c)
    /\ IF run[c] = "on" THEN Spend("depart") ELSE UNCHANGED left
    /\ AppendTo(view[c], Departed(c))
    /\ wire' = IF "departed_may_commit" \in Mistake THEN wire ELSE [wire EXCEPT ![c] = NoPost]
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, misled, away>>

------------------------------------------------------------------------------
(* Reading the log *)

Skip(c) == UNCHANGED <<run, up, view, state, began, entering, pending, made, wire>>

(* c goes on in state s; whatever it had posted will never be accepted. *)
Hold(c, s, enters) ==
    /\ state' = [state EXCEPT ![c] = s]
    /\ began' = IF s = state[c] THEN began ELSE [began EXCEPT ![c] = read[c] + 1]
    /\ pending' = [pending EXCEPT ![c] = NoPost]
    /\ entering' = IF enters THEN [entering EXCEPT ![c] = read[c] + 1] ELSE entering
    /\ UNCHANGED <<run, up, view, made, wire>>

(* Rust: Attendee::founded *)
ReadFounded(c, L) ==
    LET e == L[Len(L)]
        own == e.client = c
    IN  CASE state[c] = NoState -> Hold(c, IF own THEN e.commit ELSE NoState, FALSE)
          [] state[c] # NoState /\ "foreign_founded_ignored" \in Mistake /\ c \notin EnteredGroup(Read(c)) -> Skip(c)
          [] OTHER -> Drop(c)

(* Rust: Attendee::join *)
Join(c, L) ==
    LET i == Len(L)
        usable == Usable(L, i, c)
    IN  CASE usable -> Hold(c, L[i].welcome, TRUE)
          [] ~usable /\ "bad_welcome_ignored" \in Mistake -> Hold(c, NoState, FALSE)
          [] OTHER -> Drop(c)

(* A commit that is skipped, though it names c. Rust: Attendee::committed, CommitOutcome::Skipped *)
NamedAgain(c, L) ==
    LET e == L[Len(L)]
        s == state[c]
        welcomed == s.group[2] # c
        elsewhere == e.commit # NoState /\ e.commit.group = s.group /\ e.commit.base # s
    IN  CASE "latest_welcome_followed" \in Mistake -> Join(c, L)
          [] "named_again_arrives_anew" \in Mistake -> Drop(c)
          [] "named_again_ignored" \in Mistake -> Hold(c, s, FALSE)
          [] OTHER -> IF welcomed /\ elsewhere THEN Drop(c) ELSE Hold(c, s, FALSE)

(* Rust: Attendee::committed, Group::process *)
ReadCommitted(c, L) ==
    LET i == Len(L)
        e == L[i]
        s == state[c]
        valid == Valid(L, i, s, began[c])
        mine == pending[c] # NoPost /\ pending[c].commit = e.commit
    IN  CASE s = NoState -> IF c \in e.adds THEN Join(c, L) ELSE Hold(c, s, FALSE)
          [] s # NoState /\ ~valid -> IF c \in e.adds THEN NamedAgain(c, L) ELSE Hold(c, s, FALSE)
          \* Of an own commit that was thrown away only the secrets of a path are lost.
          [] s # NoState /\ valid /\ e.client = c -> IF mine \/ ~e.commit.path THEN Hold(c, e.commit, FALSE) ELSE Drop(c)
          [] s # NoState /\ valid /\ e.client # c ->
               CASE c \in e.commit.removes -> Drop(c)
                 [] c \in e.commit.poison \ e.commit.removes ->
                       IF "undecryptable_skipped" \in Mistake THEN Hold(c, s, FALSE) ELSE Drop(c)
                 [] OTHER -> Hold(c, e.commit, FALSE)

(* A client takes the next entry. Rust: Attendee::apply *)
ReadEntry(c) ==
    /\ Works(c) /\ up[c] /\ read[c] < Len(Log(c))
    /\ LET L == SubSeq(Log(c), 1, read[c] + 1)
           e == L[Len(L)]
       IN  /\ CASE e.type = "founded" -> ReadFounded(c, L)
                [] e.type = "committed" -> ReadCommitted(c, L)
                [] e.type = "departed" /\ e.client = c -> DropDeparted(c)
                [] OTHER -> Skip(c)
           /\ misled' = IF /\ e.type = "committed" /\ c \in e.adds /\ state'[c] \notin {NoState, state[c]}
                           /\ state[c] = NoState \/ "latest_welcome_followed" \in Mistake
                           /\ state'[c] = e.commit /\ Truth(view[c], Len(L)) # e.commit
                          THEN misled \union {c} ELSE misled
    /\ read' = [read EXCEPT ![c] = @ + 1]
    /\ UNCHANGED <<log, chain, owner, away, left>>

(* A mistake only: whoever a post names gets its Welcome before the post has a place in the log. *)
JoinEarly(c, d) ==
    /\ "welcome_before_accepted" \in Mistake
    /\ wire[c] # NoPost /\ wire[c].type = "commit" /\ d \in wire[c].adds
    /\ Works(d) /\ up[d] /\ state[d] = NoState /\ read[d] = Len(Log(d))
    /\ Hold(d, wire[c].commit, TRUE)
    /\ UNCHANGED <<log, chain, owner, read, misled, away, left>>

------------------------------------------------------------------------------
(* Posting *)

Send(c, post) ==
    /\ pending' = [pending EXCEPT ![c] = post]
    /\ wire' = [wire EXCEPT ![c] = post]
    /\ UNCHANGED <<log, chain, owner, run, up, view, read, entering, misled, away>>

(* Who waits to be named. *)
Waits(L, c) == c \in Present(L) \ EnteredGroup(L) /\ NamedAt(L, c) = {}
(* Nobody who could name it does anything any more: then whoever waits has waited for long at some time. *)
Stuck(L) == \A c \in EnteredGroup(L) \cap Present(L) : ~On(c) \/ owner[c] \in Evil

(* Rust: Attendee::found_due, Attendee::next_post *)
PostFound(c) ==
    LET L == Read(c)
        parent == Parent(L)
        dead == EnteredGroup(L) \cap Present(L) = {}
        long == Waits(Log(c), c) /\ Stuck(Log(c))
    IN  /\ Works(c) /\ up[c] /\ state[c] = NoState /\ pending[c] = NoPost
        /\ IF dead \/ long THEN UNCHANGED left ELSE Spend("early")
        /\ Send(c, [type |-> "found", parent |-> parent, adds |-> {}, commit |-> Founding(c, parent)])
        /\ UNCHANGED <<state, began, made>>

(* The entry that brought c into the group. *)
JoinedAt(L, c) == Maximum(NamedAt(L, c) \union {i \in At(L, "founded") : L[i].client = c})

(* What the group has to do to equal the room. Rust: Group::work *)
Adds(L, s) == {c \in Present(L) : Admissible(c)} \ s.members
Removes(L, s, c) ==
    IF "removal_by_event" \in Mistake
      THEN {d \in s.members : DepartedAt(L, d) > JoinedAt(L, c)}
      ELSE s.members \ Present(L)

MayCommit(c) ==
    /\ Works(c) /\ up[c] /\ state[c] # NoState /\ pending[c] = NoPost
    /\ c \in EnteredGroup(Read(c))

(* Rank 0 commits at once, the others take over. Rust: Turns::delay_ms *)
HasTurn(c) ==
    "no_takeover" \in Mistake =>
        \A d \in state[c].members \cap EnteredGroup(Read(c)) \cap Present(Read(c)) : c <= d

(* Rust: Attendee::build, Group::commit *)
PostCommit(c, rekey) ==
    LET L == Read(c)
        s == state[c]
        adds == Adds(L, s)
        removes == Removes(L, s, c)
        parent == IF "parent_is_last_applied" \in Mistake THEN began[c] ELSE Parent(L)
        path == rekey \/ (removes # {} /\ "remove_without_path" \notin Mistake)
        commit == Commit(s, c, made[c] + 1, adds, removes, path, {})
    IN  /\ MayCommit(c)
        /\ rekey \/ adds \union removes # {}
        /\ made' = [made EXCEPT ![c] = (@ + 1) % 3]
        /\ Send(c, [type |-> "commit", parent |-> parent, adds |-> adds, commit |-> commit])
        /\ IF "merged_at_once" \in Mistake
             THEN state' = [state EXCEPT ![c] = commit] /\ began' = [began EXCEPT ![c] = read[c]]
             ELSE UNCHANGED <<state, began>>

(* A commit that does all the work there is. *)
PostWork(c) == PostCommit(c, FALSE) /\ HasTurn(c) /\ UNCHANGED left
(* A commit that renews the own path, and takes the work along. Rust: Rekey *)
PostRekey(c) == PostCommit(c, TRUE) /\ Spend("rekey")

------------------------------------------------------------------------------
(* The server and posts. Rust: tangelo_delivery::posts *)

Refusal == [type |-> "refusal", parent |-> 0, adds |-> {}, commit |-> NoState]
IsPost(c) == wire[c] # NoPost /\ wire[c] # Refusal

(* Rust: Room::may_found. Clients without a connection may count or not. *)
MayFound(L, c) ==
    LET uncounted == {d \in Present(L) \cap Known : "silent_stay" \notin Mistake /\ (~up[d] \/ ~On(d))}
    IN  \E ignored \in SUBSET uncounted :
            LET entered == (EnteredGroup(L) \cap Present(L)) \ ignored
                waiting == {d \in Present(L) \ ignored : Waits(L, d)}
            IN  \/ entered = {}
                \/ /\ "sole_insider_stays" \notin Mistake
                   /\ c \in waiting /\ Cardinality(waiting) >= Cardinality(entered)

Permitted(c, post) ==
    LET L == Log(c) IN
    /\ c \in Present(L) \/ ("departed_may_commit" \in Mistake /\ post.type = "commit")
    /\ IF post.type = "found"
         THEN MayFound(L, c)
         ELSE /\ c \in EnteredGroup(L)
              /\ post.adds \subseteq Present(L) \union {d \in 1..Len(owner) : DepartedAt(L, d) > Parent(L)}
IsStale(c, post) == post.parent # Parent(Log(c)) /\ "no_compare_and_swap" \notin Mistake

EntryOf(c, post) ==
    IF post.type = "found" THEN Founded(c, post.parent, post.commit)
    ELSE Committed(c, post.parent, post.adds, post.commit, IF post.adds = {} THEN NoState ELSE post.commit)

(* Rust: Desk::found, Desk::commit *)
TakePost(c) ==
    /\ IsPost(c) /\ Permitted(c, wire[c]) /\ ~IsStale(c, wire[c])
    /\ AppendTo(view[c], EntryOf(c, wire[c]))
    /\ wire' = [wire EXCEPT ![c] = NoPost]
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, misled, away, left>>

(* Of a stale post the author learns from the log, which shows what came in its place: it may be the post itself, whose *)
(* acknowledgement was lost. Any other refusal is told. Rust: Refusal, ServerMessage::Stale, ServerMessage::Refused     *)
RefusePost(c) ==
    /\ IsPost(c)
    \* A post that would do may still be refused because it comes too soon: the server paces commits.
    /\ IF IsStale(c, wire[c]) \/ ~Permitted(c, wire[c]) THEN UNCHANGED left ELSE Spend("refuse")
    /\ LET told == \/ ~IsStale(c, wire[c]) \/ (wire[c].type = "commit" /\ c \notin EnteredGroup(Log(c)))
                   \/ "stale_means_lost" \in Mistake
       IN  wire' = [wire EXCEPT ![c] = IF told /\ IsPresent(c) THEN Refusal ELSE NoPost]
    /\ UNCHANGED <<log, chain, owner, run, up, view, read, state, began, entering, pending, made, misled, away>>

(* Rust: Attendee::refuse *)
HearRefusal(c) ==
    /\ On(c) /\ up[c] /\ wire[c] = Refusal
    /\ wire' = [wire EXCEPT ![c] = NoPost]
    /\ pending' = [pending EXCEPT ![c] = NoPost]
    /\ UNCHANGED <<log, chain, owner, run, up, view, read, state, began, entering, made, misled, away, left>>

(* Rust: Desk::enter *)
TakeEnter(c) ==
    /\ up[c] /\ entering[c] \in NamedAt(Log(c), c) /\ IsPresent(c)
    /\ AppendTo(view[c], Entered(c))
    /\ entering' = [entering EXCEPT ![c] = 0]
    /\ UNCHANGED <<owner, run, up, view, read, state, began, pending, made, wire, misled, away, left>>

------------------------------------------------------------------------------
Happens(c) ==
    \/ ReadEntry(c) /\ Did(<<"read", c>>)
    \/ PostFound(c) /\ Did(<<"found", c>>)
    \/ PostWork(c) /\ Did(<<"commit", c>>)
    \/ PostRekey(c) /\ Did(<<"rekey", c>>)
    \/ TakePost(c) /\ Did(<<"take", c>>)
    \/ RefusePost(c) /\ Did(<<"refuse", c>>)
    \/ HearRefusal(c) /\ Did(<<"hear", c>>)
    \/ TakeEnter(c) /\ Did(<<"enter", c>>)
    \/ Depart(c) /\ Did(<<"depart", c>>)
    \/ HearOfDeparture(c) /\ Did(<<"drop", c>>)
    \/ Doubt(c) /\ Did(<<"drop", c>>)
    \/ Crash(c, FALSE) /\ Did(<<"crash", c>>)
    \/ Crash(c, TRUE) /\ Did(<<"crash", c, "away">>)
    \/ Freeze(c) /\ Did(<<"freeze", c>>)
    \/ Wake(c) /\ Did(<<"wake", c>>)
    \/ Disconnect(c) /\ Did(<<"disconnect", c>>)
    \/ Resume(c) /\ Did(<<"resume", c>>)

NextHonest ==
    \/ \E p \in Person, v \in Views : Arrive(p, v) /\ Did(<<"arrive", p>>)
    \/ \E c \in Known : Happens(c)
    \/ \E c, d \in Known : JoinEarly(c, d) /\ Did(<<"early", c, d>>)
=============================================================================
