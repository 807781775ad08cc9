/** Every address inside the pages, so that a link cannot be misspelt. */
export const paths = {
  today: '/',
  login: '/login',
  register: '/register',
  settings: '/settings',
  notices: '/notices',

  identity: '/identity',
  consent: '/identity/consent',
  face: '/identity/face',

  /** The live class, for whoever is in it. */
  live: (classId: string) => `/class/${classId}`,
  deviceCheck: (classId: string) => `/class/${classId}/check`,

  classes: '/classes',
  class: (classId: string) => `/classes/${classId}`,
  record: '/record',
  /** A lesson to be studied in one's own time. */
  lesson: (lessonId: string) => `/learn/${lessonId}`,
  /** For whoever was in the class or watches over it. */
  replay: (classId: string) => `/replay/${classId}`,

  exams: '/exams',
  exam: (examId: string) => `/exams/${examId}`,

  bank: '/bank',
  examPlans: '/assess',
  examPlan: (examId: string) => `/assess/${examId}`,
  attempt: (attemptId: string) => `/assess/attempts/${attemptId}`,
  catalogue: '/courses',
  course: (courseId: string) => `/courses/${courseId}`,
  learn: (lessonId: string) => `/learn/${lessonId}`,
  /** Without a login. */
  preview: (lessonId: string) => `/preview/${lessonId}`,

  making: '/making',
  makingCourse: (courseId: string) => `/making/${courseId}`,
  makingLesson: (lessonId: string) => `/making/lessons/${lessonId}`,
  certificate: (number: string) => `/certificates/${number}`,
  /** For anybody, without a login. */
  verify: '/verify',
  verifyNumber: (number: string) => `/verify/${number}`,

  teach: '/teach',
  prepare: (classId: string) => `/teach/${classId}`,
  questions: '/teach/questions',

  wall: '/supervise',
  board: (classId: string) => `/supervise/${classId}`,
  below: '/supervise/below',
  identityQueue: '/supervise/identity',
  incidents: '/supervise/incidents',
  incident: (incidentId: string) => `/supervise/incidents/${incidentId}`,
  screening: '/supervise/screening',
  superviseAudit: '/supervise/audit',

  hours: '/hours',
  hoursOf: (userId: string) => `/hours/${userId}`,
  ledger: '/ledger',

  organizations: '/admin/organizations',
  users: '/admin/users',
  courses: '/admin/courses',
  projects: '/admin/projects',
  groups: '/admin/groups',
  group: (groupId: string) => `/admin/groups/${groupId}`,
  taughtGrades: '/teach/grades',
  groupGrades: (groupId: string) => `/admin/groups/${groupId}/grades`,
  groupCertificates: (groupId: string) => `/admin/groups/${groupId}/certificates`,
  schedule: '/admin/schedule',
  audit: '/admin/audit',
  health: '/admin/health',
} as const;
