import BookOpen from '@lucide/svelte/icons/book-open';
import Building2 from '@lucide/svelte/icons/building-2';
import CalendarDays from '@lucide/svelte/icons/calendar-days';
import ChartColumn from '@lucide/svelte/icons/chart-column';
import ClipboardPen from '@lucide/svelte/icons/clipboard-pen';
import ClipboardCheck from '@lucide/svelte/icons/clipboard-check';
import FileClock from '@lucide/svelte/icons/file-clock';
import FolderTree from '@lucide/svelte/icons/folder-tree';
import Gavel from '@lucide/svelte/icons/gavel';
import GraduationCap from '@lucide/svelte/icons/graduation-cap';
import HeartPulse from '@lucide/svelte/icons/heart-pulse';
import Clapperboard from '@lucide/svelte/icons/clapperboard';
import Library from '@lucide/svelte/icons/library';
import LibraryBig from '@lucide/svelte/icons/library-big';
import FilePen from '@lucide/svelte/icons/file-pen';
import FileQuestionMark from '@lucide/svelte/icons/file-question-mark';
import FileKey from '@lucide/svelte/icons/file-key';
import Hourglass from '@lucide/svelte/icons/hourglass';
import ListChecks from '@lucide/svelte/icons/list-checks';
import MessagesSquare from '@lucide/svelte/icons/messages-square';
import MonitorPlay from '@lucide/svelte/icons/monitor-play';
import ScanFace from '@lucide/svelte/icons/scan-face';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import ShieldAlert from '@lucide/svelte/icons/shield-alert';
import Sun from '@lucide/svelte/icons/sun';
import Users from '@lucide/svelte/icons/users';
import UsersRound from '@lucide/svelte/icons/users-round';
import type { Role } from '@keshi/contract/domain';
import type { Component } from 'svelte';
import type { Catalogue } from '#i18n/zh-CN/catalogue.ts';
import { paths } from './paths.ts';
import type { Session } from './session.svelte.ts';

export interface NavItem {
  href: string;
  name: keyof Catalogue['shell']['nav'];
  icon: Component;
}
export interface NavSection {
  name: keyof Catalogue['shell']['sections'];
  items: readonly NavItem[];
}

/** Whom an item is for; what they may do behind it is decided by the server's access rules. */
type Offer = NavItem & { roles: readonly Role[] };

const offers: Record<NavSection['name'], readonly Offer[]> = {
  learner: [
    { href: paths.today, name: 'today', icon: Sun, roles: ['learner'] },
    { href: paths.classes, name: 'classes', icon: BookOpen, roles: ['learner'] },
    { href: paths.exams, name: 'exams', icon: FilePen, roles: ['learner'] },
    { href: paths.catalogue, name: 'catalogue', icon: Library, roles: ['learner'] },
    { href: paths.record, name: 'record', icon: GraduationCap, roles: ['learner'] },
  ],
  instructor: [
    { href: paths.today, name: 'today', icon: Sun, roles: ['instructor'] },
    { href: paths.teach, name: 'teach', icon: ClipboardPen, roles: ['instructor'] },
    { href: paths.questions, name: 'questions', icon: MessagesSquare, roles: ['instructor'] },
    { href: paths.bank, name: 'bank', icon: FileQuestionMark, roles: ['instructor'] },
    { href: paths.examPlans, name: 'examPlans', icon: ClipboardCheck, roles: ['instructor'] },
    { href: paths.taughtGrades, name: 'grades', icon: ChartColumn, roles: ['instructor'] },
    {
      href: paths.making,
      name: 'making',
      icon: Clapperboard,
      roles: ['instructor', 'staff', 'employer', 'expert'],
    },
    { href: paths.hours, name: 'hours', icon: Hourglass, roles: ['instructor'] },
  ],
  supervisor: [
    { href: paths.wall, name: 'wall', icon: MonitorPlay, roles: ['staff', 'employer', 'regulator', 'admin'] },
    {
      href: paths.below,
      name: 'below',
      icon: ListChecks,
      roles: ['staff', 'employer', 'regulator', 'admin'],
    },
    { href: paths.incidents, name: 'incidents', icon: Gavel, roles: ['staff', 'regulator', 'admin'] },
    { href: paths.identityQueue, name: 'identityQueue', icon: ScanFace, roles: ['staff'] },
    { href: paths.hours, name: 'hours', icon: Hourglass, roles: ['staff', 'employer', 'regulator', 'admin'] },
    { href: paths.bank, name: 'bank', icon: FileQuestionMark, roles: ['staff', 'employer', 'expert'] },
    {
      href: paths.examPlans,
      name: 'examPlans',
      icon: ClipboardCheck,
      roles: ['staff', 'employer', 'regulator', 'admin'],
    },
    { href: paths.screening, name: 'screening', icon: ShieldAlert, roles: ['staff', 'regulator', 'admin'] },
    { href: paths.ledger, name: 'ledger', icon: FileKey, roles: ['staff', 'regulator', 'admin'] },
    { href: paths.superviseAudit, name: 'operations', icon: FileClock, roles: ['regulator'] },
  ],
  administrator: [
    { href: paths.schedule, name: 'schedule', icon: CalendarDays, roles: ['staff', 'admin'] },
    { href: paths.groups, name: 'groups', icon: UsersRound, roles: ['staff', 'employer'] },
    { href: paths.users, name: 'users', icon: Users, roles: ['staff', 'employer', 'admin'] },
    { href: paths.courses, name: 'courses', icon: LibraryBig, roles: ['staff', 'employer', 'admin'] },
    { href: paths.projects, name: 'projects', icon: FolderTree, roles: ['staff', 'employer', 'admin'] },
    { href: paths.organizations, name: 'organizations', icon: Building2, roles: ['admin'] },
    { href: paths.audit, name: 'audit', icon: ScrollText, roles: ['staff', 'admin'] },
    { href: paths.health, name: 'health', icon: HeartPulse, roles: ['admin'] },
  ],
};

/** The places a person's roles open, in the order of how often they are needed. */
export function navigationFor(session: Session): readonly NavSection[] {
  const offered = new Set<string>();
  // Today is one page, also for someone who both learns and teaches.
  const once = ({ href }: Offer) => !offered.has(href) && offered.add(href);
  return (['learner', 'instructor', 'supervisor', 'administrator'] as const)
    .map((name) => ({
      name,
      items: offers[name].filter((offer) => offer.roles.some((role) => session.has(role)) && once(offer)),
    }))
    .filter(({ items }) => items.length > 0);
}

/** Where a person begins: learners and instructors with today, the others with what they watch over. */
export function homeOf(session: Session): string {
  if (session.learns || session.teaches) return paths.today;
  if (session.supervises) return paths.wall;
  if (session.administers) return paths.schedule;
  if (session.has('expert')) return paths.making;
  return paths.settings;
}

/** The item whose address is the longest beginning of `pathname`. */
export function currentItem(sections: readonly NavSection[], pathname: string): NavItem | undefined {
  return sections
    .flatMap(({ items }) => items)
    .filter(({ href }) => pathname === href || (href !== paths.today && pathname.startsWith(`${href}/`)))
    .sort((a, b) => b.href.length - a.href.length)[0];
}
