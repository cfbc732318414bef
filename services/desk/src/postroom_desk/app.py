"""Wires the two roles of desk: `api` serves agents, `record` writes what the other services found out."""

from postroom_contracts.config import SettingChanged
from postroom_desk.acting import Acting
from postroom_desk.api import agents, auth, customers, docs, elsewhere, inner, intake, merging, settings, tickets
from postroom_desk.bootstrap import Bootstrap
from postroom_desk.people import People
from postroom_desk.recording import CONSUMES, Recorder
from postroom_desk.settings import ApiSettings, DeskSettings
from postroom_desk.settings_store import SettingsStore
from postroom_desk.store import Tickets
from postroom_desk.web import pages, set_aside
from postroom_desk.web.glance import Glance
from postroom_plumbing.body_limit import BodyLimit
from postroom_plumbing.sealing import Sealer
from postroom_plumbing.service import Service


async def build_record(service: Service[DeskSettings]) -> None:
    """The writer of tickets."""
    store = Tickets(service.database)
    service.on_start(store.prepare)
    service.consume("desk-record", [*CONSUMES, SettingChanged], Recorder(store).handle)


async def build_api(service: Service[ApiSettings]) -> None:
    """The agents' API and site."""
    given = service.settings
    store, people, kept = Tickets(service.database), People(service.database), SettingsStore(service.database)
    acting = Acting(store, people, kept, service.units, given.secret.get_secret_value(), given.message_id_host)
    who = auth.Auth(people, service.redis, given.namespace or "postroom")
    others = elsewhere.Elsewhere(given.ingest_url, given.analytics_url, given.internal_token.get_secret_value())
    for step in (store.prepare, people.prepare, Bootstrap(people, kept, service.units, given).run):
        service.on_start(step)
    service.on_stop(others.close)
    for router in (
        tickets.router(store, acting, who),
        merging.router(store, acting, who),
        customers.router(store, who),
        agents.router(people, agents.Staffing(people, kept, service.units), who),
        settings.router(kept, settings.Editing(kept, service.units, Sealer(given, "setting")), who),
        elsewhere.router(store, others, who),
        intake.router(others, who),
        inner.router(store, given.internal_token),
        auth.router(who, people, given.session_hours),
        pages.router(store, people, who, given.session_hours, Glance(others)),
        set_aside.router(others, store, who),
        docs.router(),
    ):
        service.app.include_router(router)
    service.app.title, service.app.description = docs.TITLE, docs.DESCRIPTION
    service.app.add_middleware(BodyLimit)
    service.app.mount("/docs/assets", docs.assets)
    service.app.mount("/static", pages.static)
